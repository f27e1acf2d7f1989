import * as pulumi from "@pulumi/pulumi";

/** The base64 text of a Secret's value; stays secret when the value is. */
export function base64(value: pulumi.Input<string>): pulumi.Output<string> {
  return pulumi.output(value).apply((text) => Buffer.from(text).toString("base64"));
}
