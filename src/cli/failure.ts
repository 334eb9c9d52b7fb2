/** How a command ends when it does not end well: an exit code, what happened, what to do next. */

/** Exit codes, as `npubwire --help` documents them. */
export const EXIT = {
  ok: 0,
  /** Something was refused, or did not work. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** The relay could not be reached, did not prove its key, or was lost. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: ExitCode;
  /** What the user can do about it, if we know. */
  readonly advice: string | undefined;

  constructor(exitCode: ExitCode, message: string, advice?: string) {
    super(message);
    this.exitCode = exitCode;
    this.advice = advice;
  }
}
