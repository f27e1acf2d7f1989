import type { Problem } from "./problem.ts";

/** When a certificate that is deployed ends, and what to do about it. */
export interface Expiry {
  /** The setting that is about it. */
  readonly path: string;
  /** What ends, such as `the issuer of east`. */
  readonly what: string;
  /** RFC 3339. */
  readonly end: string;
  /** The way to a new one. */
  readonly remedy: string;
  /** What is to be said after its end; undefined where nothing may be done before it is renewed. */
  readonly afterEnd: string | undefined;
  /** Hours before its end from which on it is warned of, where that is later than for others. */
  readonly warning?: number;
}

export interface ExpiryFindings {
  /** One line each. */
  readonly warnings: readonly string[];
  readonly problems: readonly Problem[];
}

const hour = 3_600_000;

function left(milliseconds: number): string {
  const hours = Math.floor(milliseconds / hour);
  return hours >= 48 ? `${Math.floor(hours / 24).toString()} days` : `${hours.toString()} hours`;
}

/** What is to be said of certificates that have ended, or are to end within `warning` hours. */
export function expiryFindings(expiries: readonly Expiry[], warning: number, now: Date): ExpiryFindings {
  const warnings: string[] = [];
  const problems: Problem[] = [];
  for (const { path, what, end, remedy, afterEnd, ...own } of expiries) {
    const time = new Date(end).getTime() - now.getTime();
    if (Number.isNaN(time) || time > Math.min(warning, own.warning ?? warning) * hour) continue;
    if (time > 0) warnings.push(`${what} expires in ${left(time)}, on ${end}: ${remedy}.`);
    else if (afterEnd !== undefined) warnings.push(`${what} expired on ${end}: ${afterEnd}.`);
    else problems.push({ path, problem: `${what} expired on ${end}`, remedy });
  }
  return { warnings, problems };
}
