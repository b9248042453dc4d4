"""What methods do on a quadratic ½ κ w², where each step can be followed to the end."""
