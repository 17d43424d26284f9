"""Changes of running subscriptions to other plans or versions, and their costs: the guards and notes about them."""
