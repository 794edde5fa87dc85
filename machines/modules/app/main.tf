# Stands for a service: a new image replaces the release, and leaves the address as it is.
variable "stack_id" {
  type = string
}

variable "image_tag" {
  type = string
}

variable "size" {
  type    = string
  default = "small"
}

resource "terraform_data" "address" {
  input = "https://${var.stack_id}.preview.example"
}

resource "terraform_data" "release" {
  input            = { image = "shop:${var.image_tag}", size = var.size }
  triggers_replace = [var.image_tag]
}

output "url" {
  value = terraform_data.address.output
}

output "image" {
  value = terraform_data.release.output.image
}
