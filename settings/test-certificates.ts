import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, PEM. */
export interface Pair {
  readonly certificate: string;
  readonly privateKey: string;
}

interface Wanted {
  readonly key?: string[];
  readonly isCa?: boolean;
  readonly signer?: Pair;
  readonly validDays?: number;
  /** Beside the subject, where somebody compares it. */
  readonly dnsName?: string;
}

const p256 = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
export const days = 3650;

/** A certificate with the name `subject`, signed by itself unless by a signer. */
export function certify(
  subject: string,
  { key = p256, isCa = true, signer, validDays = days, dnsName }: Wanted = {},
): Pair {
  const folder = mkdtempSync(join(tmpdir(), "certificate-"));
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  try {
    openssl(
      "req",
      "-new",
      "-newkey",
      ...key,
      "-nodes",
      "-keyout",
      "key.pem",
      "-out",
      "request.pem",
      "-subj",
      `/CN=${subject}`,
    );
    const extensions = [`basicConstraints=critical,CA:${isCa ? "TRUE" : "FALSE"}`];
    if (dnsName !== undefined) extensions.push(`subjectAltName=DNS:${dnsName}`);
    writeFileSync(join(folder, "extensions"), `${extensions.join("\n")}\n`);
    writeFileSync(join(folder, "signer.pem"), signer?.certificate ?? "");
    writeFileSync(join(folder, "signer-key.pem"), signer?.privateKey ?? "");
    const signed = signer
      ? ["-CA", "signer.pem", "-CAkey", "signer-key.pem", "-set_serial", "2"]
      : ["-signkey", "key.pem"];
    openssl(
      "x509",
      "-req",
      "-in",
      "request.pem",
      ...signed,
      "-days",
      validDays.toString(),
      "-extfile",
      "extensions",
      "-out",
      "certificate.pem",
    );
    return { certificate: read("certificate.pem").trim(), privateKey: read("key.pem").trim() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
