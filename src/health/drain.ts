/** Whether the process is on its way out. New requests on open connections then get 503, and health says not ready. */
export class Drain {
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  begin(): void {
    this.draining = true;
  }
}
