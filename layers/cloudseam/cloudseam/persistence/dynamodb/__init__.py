"""A store in one DynamoDB table with the key `id`: rows of stacks, and auxiliary rows beside."""
