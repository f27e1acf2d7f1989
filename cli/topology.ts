/** `npm run topology -- STACK`: a stack file as a picture, a page, a table or data. */
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { isProgram } from "../components/cluster/programs.ts";
import { compareTopologies } from "../topology/comparison.ts";
import { parseOutputs, withOutputs } from "../topology/deployed.ts";
import { toMermaid } from "../topology/mermaid.ts";
import { toPage } from "../topology/page.ts";
import { toSvg } from "../topology/svg.ts";
import { toText } from "../topology/text.ts";
import { describeTopology, type Topology } from "../topology/topology.ts";
import { readOutputs } from "./stacks/outputs.ts";
import { readStackSettings, stackName } from "./stacks/stack-settings.ts";
import { parseCall } from "./terminal/options.ts";
import { runCommand, UsageError } from "./terminal/usage.ts";

const usage =
  "Say which stack: npm run topology -- STACK [--format svg|mermaid|html|json|text] [--output FILE] " +
  "[--compare OTHER] [--deployed]";

type Write = (topology: Topology, comparedWith: string | undefined) => string | Promise<string>;

const formats = {
  svg: (topology, comparedWith) => toSvg(topology, { comparedWith }),
  mermaid: toMermaid,
  html: toPage,
  json: (topology) => `${JSON.stringify(topology, null, 2)}\n`,
  text: toText,
} satisfies Record<string, Write>;

export type Format = keyof typeof formats;

const formatsByEnding: Readonly<Record<string, Format>> = {
  ".svg": "svg",
  ".mmd": "mermaid",
  ".mermaid": "mermaid",
  ".html": "html",
  ".json": "json",
  ".txt": "text",
};

/** What is asked for. */
export interface Request {
  readonly stack: string;
  readonly format: Format;
  readonly output: string | undefined;
  readonly compare: string | undefined;
  readonly deployed: boolean;
}

function isFormat(name: string): name is Format {
  return name in formats;
}

const options = {
  format: { type: "string" },
  output: { type: "string" },
  compare: { type: "string" },
  deployed: { type: "boolean", default: false },
} as const;

/** The format is that of the file's ending unless it is named. */
export function parseRequest(args: readonly string[]): Request {
  const { values, positionals } = parseCall(args, options, usage);
  const [stack, ...more] = positionals;
  if (stack === undefined || more.length > 0) throw new UsageError(usage);
  const { output, compare, deployed } = values;
  const format = values.format ?? formatsByEnding[path.extname(output ?? "")] ?? "text";
  if (!isFormat(format)) {
    throw new UsageError(`There is no format ${format}; there are: ${Object.keys(formats).join(", ")}.`);
  }
  return { stack, format, output, compare, deployed };
}

async function read(stack: string): Promise<Topology> {
  return describeTopology(await readStackSettings(stack));
}

/** What is asked for, as the text of a file. */
export async function answer({ stack, format, compare, deployed }: Request): Promise<string> {
  const described = await read(stack);
  const topology = deployed
    ? withOutputs(
        described,
        await readOutputs(stackName(stack), { parse: parseOutputs, problem: "isn't deployed yet" }),
      )
    : described;
  if (compare === undefined) return await formats[format](topology, undefined);
  return await formats[format](compareTopologies(await read(compare), topology), path.basename(compare));
}

async function main(args: readonly string[]): Promise<number> {
  const request = parseRequest(args);
  const text = await answer(request);
  if (request.output === undefined) process.stdout.write(text);
  else await writeFile(request.output, text);
  return 0;
}

if (isProgram(import.meta.filename)) await runCommand(main);
