import { afterEach, expect, test, vi } from 'vitest'
import { api, Refusal, type Plan } from '../../api/client'
import { Editing } from './editing.svelte'

const plan = (id: string): Plan => ({ plan_id: id, stops: [] })

afterEach(() => vi.restoreAllMocks())

test('an edit takes the place of its plan, and undo brings that back', async () => {
  const asked = vi.spyOn(api, 'plans').mockResolvedValue({ plans: [plan('b2')] })
  const e = new Editing()
  e.begin([plan('a'), plan('b')])
  e.picked = 'b'
  await e.change({ changes: [{ leg: 1, fix: true }] })
  expect(asked).toHaveBeenCalledWith({ base_plan_id: 'b', changes: [{ leg: 1, fix: true }] })
  expect([e.plans.map((p) => p.plan_id), e.picked, e.undoable]).toEqual([['a', 'b2'], 'b2', true])
  e.undo()
  expect([e.plans.map((p) => p.plan_id), e.picked, e.undoable]).toEqual([['a', 'b'], 'b', false])
})

test('what cannot hold leaves the plan as it was and says why', async () => {
  vi.spyOn(api, 'plans').mockRejectedValue(new Refusal(422, 'INFEASIBLE_TRIP', '30% does not reach the next stop'))
  const e = new Editing()
  e.begin([plan('a')])
  await e.change({ via: [] })
  expect([e.picked, e.undoable, e.busy]).toEqual(['a', false, false])
  expect(e.trouble).toContain('30%')
})

test('what was kept goes on: it can be undone', () => {
  const e = new Editing()
  e.resume({ plans: [plan('a'), plan('b2')], picked: 'b2', before: [[plan('a'), plan('b')]] })
  expect([e.plan?.plan_id, e.undoable]).toEqual(['b2', true])
  e.undo()
  expect(e.plan?.plan_id).toBe('b')
})
