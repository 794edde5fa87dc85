"""What people deploy without building: a zip for each function and layer, and a template."""
