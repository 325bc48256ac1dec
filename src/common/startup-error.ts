/** A fault that stops the start. The message is one line for the operator and holds no secret. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
