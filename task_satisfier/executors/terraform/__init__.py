"""Executor `terraform`: applies and destroys Terraform and OpenTofu modules."""
