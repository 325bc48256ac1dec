import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * Reads `+ group` and `- group`. At the end of its input, which comes however the writer ends, it ends the groups that are left.
 * It gets numbers only.
 */
const SCRIPT = `
groups=
while read -r sign group; do
  case $sign in
    +) groups="$groups $group" ;;
    -) left=
       for one in $groups; do [ "$one" = "$group" ] || left="$left $one"; done
       groups=$left ;;
  esac
done
[ -n "$groups" ] || exit 0
for one in $groups; do kill -s TERM -- "-$one"; done
sleep 2
for one in $groups; do kill -s KILL -- "-$one"; done
`;

/** Sees to it that children end with this process, also where it is killed and can do nothing itself. */
export class ProcessGuard {
  private readonly groups = new Set<number>();
  private watcher: ChildProcess | undefined;

  constructor(private readonly onError: (error: Error) => void) {}

  watch(group: number): void {
    this.groups.add(group);
    if (this.watcher) this.tell(`+ ${group}`);
    else this.start();
  }

  release(group: number): void {
    if (this.groups.delete(group)) this.tell(`- ${group}`);
  }

  close(): void {
    this.watcher?.stdin?.end();
    this.watcher = undefined;
  }

  private start(): void {
    // A group of its own: what ends ours must not end the guard before it has done its work.
    const watcher = spawn('/bin/sh', ['-c', SCRIPT], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: { PATH: '/usr/bin:/bin' },
    });
    this.watcher = watcher;
    watcher.unref();
    (watcher.stdin as Socket | null)?.unref();
    watcher.on('error', (error) => this.lose(watcher, error));
    watcher.stdin.on('error', (error) => this.lose(watcher, error));
    watcher.once('exit', () => this.lose(watcher));
    for (const group of this.groups) this.tell(`+ ${group}`);
  }

  private tell(line: string): void {
    this.watcher?.stdin?.write(`${line}\n`);
  }

  /** The next child starts another guard. */
  private lose(watcher: ChildProcess, error?: Error): void {
    if (this.watcher !== watcher) return;
    this.watcher = undefined;
    if (error) this.onError(error);
  }
}
