// Drives a server of the API of Step Functions as a program in JavaScript would, and prints what
// came of it as JSON. The endpoint is AWS_ENDPOINT_URL_SFN, as SDKs read it.
import * as sfn from "@aws-sdk/client-sfn";

const client = new sfn.SFNClient({ region: "us-east-1" });
const send = (Command, input) => client.send(new Command(input));
const definition = process.argv[2];
const roleArn = "arn:aws:iam::000000000000:role/r";

const { stateMachineArn } = await send(sfn.CreateStateMachineCommand, {
  name: "roll-die", definition, roleArn,
});
const { executionArn, startDate } = await send(sfn.StartExecutionCommand, {
  stateMachineArn, name: "first", input: JSON.stringify({ player: "ada" }),
});
let execution;
do {
  await new Promise((resolve) => setTimeout(resolve, 50));
  execution = await send(sfn.DescribeExecutionCommand, { executionArn });
} while (execution.status === "RUNNING");
const types = [];
for await (const page of sfn.paginateGetExecutionHistory({ client, pageSize: 2 }, { executionArn })) {
  types.push(...page.events.map((event) => event.type));
}
const { executions } = await send(sfn.ListExecutionsCommand, { stateMachineArn });
let refusal;
try {
  await send(sfn.StartExecutionCommand, { stateMachineArn, name: "first", input: "{}" });
} catch (error) {
  refusal = { name: error.name, isItsClass: error instanceof sfn.ExecutionAlreadyExists };
}
console.log(JSON.stringify({
  status: execution.status,
  output: JSON.parse(execution.output),
  types,
  executions: executions.map((each) => each.name),
  startedAt: startDate.getTime(),
  refusal,
}));
