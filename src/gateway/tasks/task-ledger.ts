/** A task as it was started through the gateway. */
export interface OwnedTask {
  /** A credential's id, or `public`. */
  readonly owner: string;
  /** The tool that runs as the task; undefined where it is not known. */
  readonly tool: string | undefined;
}

export interface NewTask extends OwnedTask {
  readonly taskId: string;
  /** How long its server says that it keeps it, in milliseconds. */
  readonly keptMs: number | undefined;
}

/** Who started which task, for all replicas. */
export interface TaskLedger {
  note(serverId: string, task: NewTask): Promise<void>;
  /** What is known of some tasks of a server, by their ids. */
  find(serverId: string, taskIds: readonly string[]): Promise<ReadonlyMap<string, OwnedTask>>;
}
