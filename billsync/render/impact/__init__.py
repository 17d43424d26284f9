"""The impact of new prices as text and as an object."""
