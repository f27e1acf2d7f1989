/** A call that can't be answered: one message, without a stack trace. */
export class UsageError extends Error {}
