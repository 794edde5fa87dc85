"""What running machines costs, of counted calls, sizes and list prices. All of it is pure."""
