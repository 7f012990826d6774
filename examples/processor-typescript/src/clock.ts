/** The clock that every business deadline goes through: real time plus an offset, or a frozen moment. Milliseconds are enough here. */
export class Clock {
  private offset = 0;
  private frozen: Date | null = null;

  now(): Date {
    return this.frozen ?? new Date(Date.now() + this.offset);
  }

  /** Take over the state that the console published. `offset` in milliseconds. */
  set(offset: number, frozen: Date | null): void {
    this.offset = offset;
    this.frozen = frozen;
  }
}
