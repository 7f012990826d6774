"""Shows the payer what and whom they pay, and takes the approval."""
