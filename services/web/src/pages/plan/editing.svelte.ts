import { api, type Plan, type Schemas } from '../../api/client'
import { says } from '../../parts/says'
import type { Plans } from './kept'

/** Plans as they were found and edited. An edit makes another plan in the place of the one that is picked. */
export class Editing {
  plans = $state.raw<Plan[]>([])
  picked = $state('')
  busy = $state(false)
  trouble = $state('')
  /** What to go back to, the newest last: to undo is to take the plan before. */
  private before = $state.raw<Plan[][]>([])

  get plan(): Plan | undefined {
    return this.plans.find((p) => p.plan_id === this.picked)
  }

  /** All of it, to be kept. */
  get all(): Plans {
    return { plans: this.plans, picked: this.picked, before: this.before }
  }

  get undoable(): boolean {
    return this.before.length > 0
  }

  /** Begins anew with what was found; the first is the best and is picked. */
  begin(plans: Plan[]) {
    this.plans = plans
    this.picked = plans[0]?.plan_id ?? ''
    this.before = []
    this.trouble = ''
  }

  /** Goes on with what was kept. */
  resume(kept: Plans) {
    this.plans = kept.plans
    this.picked = kept.picked
    this.before = kept.before
  }

  /** Asks for the picked plan with changes, or with other places on the way. */
  async change(wish: { changes?: Schemas['PlanChange'][]; via?: Schemas['ViaRequest'][] }) {
    const base = this.plan
    if (!base || this.busy) return
    this.busy = true
    this.trouble = ''
    try {
      const [made] = (await api.plans({ base_plan_id: base.plan_id, ...wish })).plans
      if (made) this.put(base, made)
    } catch (e) {
      this.trouble = says(e)
    }
    this.busy = false
  }

  undo() {
    const last = this.before.at(-1)
    if (!last) return
    const at = this.plans.findIndex((p) => p.plan_id === this.picked)
    this.before = this.before.slice(0, -1)
    this.plans = last
    this.picked = last[Math.max(0, at)]?.plan_id ?? ''
  }

  private put(base: Plan, made: Plan) {
    this.before = [...this.before, this.plans]
    this.plans = this.plans.map((p) => (p === base ? made : p))
    this.picked = made.plan_id
  }
}
