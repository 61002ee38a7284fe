/** The server's clock: countdowns run by it, also where this machine's is wrong or has slept. */
class ServerClock {
  /** The server's time less this machine's, in ms. */
  private ahead = 0
  /** Civil time, by which windows and sessions are told, at an instant of the server's, and how fast it runs. */
  private civilAt = { now: 0, civil: 0, speed: 1 }
  private ms = $state(Date.now())
  private readers = 0
  private timer: ReturnType<typeof setInterval> | undefined

  /** Takes what the server says its time is, and its civil time where that is another. */
  heard(instant: string, civil = instant, speed = 1) {
    const now = Date.parse(instant)
    if (Number.isNaN(now)) return
    this.ahead = now - Date.now()
    this.civilAt = { now, civil: Date.parse(civil), speed }
  }

  /** Civil time, in which windows lie, less the server's; and how many times as fast as that it runs. */
  private civilAt = { real: 0, civil: 0, speed: 1 }

  /** Takes both of the server's clocks, as a stream tells them. */
  told(c: { now: string; civil?: string; speed?: number }) {
    this.heard(c.now)
    const [real, civil] = [Date.parse(c.now), Date.parse(c.civil ?? c.now)]
    if (!Number.isNaN(real + civil)) this.civilAt = { real, civil, speed: c.speed ?? 1 }
  }

  /** The time in which windows lie, in ms since 1970; real time but in a demo that runs faster. */
  get civil(): number {
    return this.civilAt.civil + (this.now - this.civilAt.real) * this.civilAt.speed
  }

  /** The server's time now, in ms since 1970; it moves while somebody watches. */
  get now(): number {
    return this.ms + this.ahead
  }

  /** The civil time now, in ms since 1970: the server's time but in a demo that lets it run fast. */
  get civil(): number {
    return this.civilAt.civil + (this.now - this.civilAt.now) * this.civilAt.speed
  }

  /** Has now move once a second, until the answer is called. */
  watch(): () => void {
    this.readers++
    this.ms = Date.now()
    this.timer ??= setInterval(() => (this.ms = Date.now()), 1000)
    return () => {
      if (--this.readers > 0) return
      clearInterval(this.timer)
      this.timer = undefined
    }
  }
}

export const serverClock = new ServerClock()
