"""What Konnect takes or shows in another way than OpenMeter, as it is documented: never recorded."""
