import { api, Refusal, type Schemas } from '../../api/client'
import { serverClock } from '../../parts/now.svelte'
import { says } from '../../parts/says'

export type Stage = Schemas['Stage']
export type Step = Schemas['StageStep']
export type Driver = Schemas['StageDriver']
export type Scene = Schemas['Scene']

/** How often a play is looked at, and a stage where nothing is played, in ms. */
const often = 250
const seldom = 2000

/** The stage of this server's demo: read while somebody looks, steered by whoever does. */
export class StageState {
  shown = $state.raw<Stage>()
  /** This server is no demo's. */
  missing = $state(false)
  trouble = $state('')
  /** A command that has no answer yet. */
  busy = $state(false)

  get live(): boolean {
    const s = this.shown?.state
    return s === 'starting' || s === 'paused' || s === 'playing'
  }

  /** Looks until the answer is called. */
  follow(): () => void {
    const stopClock = serverClock.watch()
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      if (!document.hidden) await this.read()
      if (!over && !this.missing) timer = setTimeout(() => void look(), this.live ? often : seldom)
    }
    void look()
    return () => {
      over = true
      clearTimeout(timer)
      stopClock()
    }
  }

  private async read() {
    try {
      const said = await api.stage()
      if (!this.busy) this.show(said)
    } catch (e) {
      this.missing = e instanceof Refusal && e.status === 404
      this.trouble = this.missing ? '' : says(e)
    }
  }

  async steer(command: Schemas['StageCommand']) {
    this.busy = true
    try {
      this.show(await api.steerStage(command))
    } catch (e) {
      this.trouble = says(e)
    } finally {
      this.busy = false
    }
  }

  private show(said: Stage) {
    serverClock.heard(said.now)
    this.shown = said
    this.trouble = ''
  }
}
