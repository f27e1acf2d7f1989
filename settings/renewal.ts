/** Which of its kind something is, such as a cluster's issuer: with another id it is made anew. */
export interface Renewal {
  /** What the stack file says; undefined where it says nothing. */
  readonly asked: string | undefined;
  /** What is asked, or the time at which the one before was due; undefined for the first. */
  readonly id: string | undefined;
}

/** A link's token. */
export interface TokenRenewal extends Renewal {
  /**
   * Id of the token before, which stays good until the next renewal; empty for the first token. Undefined where it is
   * revoked once all that reads it has the new one.
   */
  readonly before: string | undefined;
}

/** By link. */
export type TokenRenewals = Readonly<Record<string, TokenRenewal>>;

/** By cluster or link. */
export type Renewals = Readonly<Record<string, Renewal>>;

/** `20260131t120000z`: part of names in Kubernetes, and the same in the preview and in the update after it. */
function idOf(due: Date): string {
  return due.toISOString().replace(/\.\d+/, "").replaceAll(/[-:]/g, "").toLowerCase();
}

/** Whether something is made anew, because the stack file asks for it or because the time has come. */
export function renewalOf(
  asked: string | undefined,
  deployed: Renewal | undefined,
  due: Date | undefined,
  now: Date,
): Renewal {
  if (deployed === undefined || deployed.asked !== asked) return { asked, id: asked };
  if (due === undefined || Number.isNaN(due.getTime()) || due > now) return deployed;
  return { asked, id: idOf(due) };
}

/**
 * The same of a link's token. Where another part of the environment reads the token, that part gets the new one later:
 * the one before `stays` until then, and until the next renewal.
 */
export function tokenRenewalOf(
  deployed: TokenRenewal | undefined,
  renewal: Renewal,
  { stays }: { readonly stays: boolean },
): TokenRenewal {
  if (!stays || deployed === undefined) return { ...renewal, before: undefined };
  return { ...renewal, before: renewal.id === deployed.id ? deployed.before : (deployed.id ?? "") };
}
