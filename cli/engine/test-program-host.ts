import { answerRequests } from "./host-requests.ts";

/** Stands in for a host: its address tells what its program would find. */
answerRequests(() => {
  if (process.env["MESH_TEST_DIES"] !== undefined) process.exit(3);
  const { MESH_FORGET: forget } = process.env;
  return Promise.resolve(JSON.stringify({ process: process.pid, forget, inherited: "HOME" in process.env }));
});
