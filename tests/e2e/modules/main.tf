variable "stack_id" {}

variable "size" {
  default = 1
}

resource "terraform_data" "net" {
  input = "${var.stack_id} of ${var.size}"
}

output "name" {
  value = terraform_data.net.output
}
