/** What of a session's state is not in its id. */
export interface SessionState {
  readonly isEnded?: boolean;
  readonly level?: string | undefined;
  readonly subscriptions?: readonly string[];
}

export type StateListener = (key: string, state: SessionState) => void;

/** The state of sessions that replicas share. What is lost is as in a new session. */
export interface SessionStates {
  /** What other replicas have left of a session that is new here; undefined where there is nothing, or nobody to ask. */
  load(key: string): Promise<SessionState | undefined>;
  save(key: string, state: SessionState): void;
  /** Hears of what other replicas save; the answer ends that. */
  listen(listener: StateListener): () => void;
}

/** One replica shares with nobody. */
export const OWN_STATES: SessionStates = {
  load: () => Promise.resolve(undefined),
  save: () => undefined,
  listen: () => () => undefined,
};
