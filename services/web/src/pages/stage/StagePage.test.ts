import { fireEvent, render, screen } from '@testing-library/svelte'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { api, Refusal } from '../../api/client'
import { i18n } from '../../i18n/i18n.svelte'
import type { Stage } from './stage.svelte'
import StagePage from './StagePage.svelte'

beforeEach(() => i18n.choose('en'))
afterEach(() => vi.restoreAllMocks())

const idle: Stage = { state: 'idle', take: 0, pace_seconds: 3, now: new Date().toISOString(), drivers: [], companies: [], slow: [], steps: [] }
const playing: Stage = {
  ...idle, state: 'playing', scene: 'one_plug', take: 1,
  steps: [{ n: 1, from: 'Ana', to: 'MAR', what: 'book', driver: 'Ana', answer: 'RESERVING', why: 'book' }],
  drivers: [
    { name: 'Ana', company_id: 'MAR', vehicle_id: 'BR-MAR-1', granted_at: '1795977927816046', rank: 1, legs: [] },
    { name: 'Bruno', company_id: 'SER', vehicle_id: 'BR-SER-1', legs: [] },
  ],
}

it('offers the scenes, and starts the one that is chosen', async () => {
  vi.spyOn(api, 'stage').mockResolvedValue(idle)
  const steer = vi.spyOn(api, 'steerStage').mockResolvedValue(playing)
  render(StagePage)
  await fireEvent.click(await screen.findByRole('button', { name: /Two drivers, one plug/ }))
  expect(steer).toHaveBeenCalledWith({ action: 'start', scene: 'one_plug' })
  expect((await screen.findByRole('status')).textContent).toContain('every stop of the trip, or none')
  expect(screen.getByText('Oldest: goes first')).toBeTruthy()
  await fireEvent.click(screen.getByRole('button', { name: 'Pause' }))
  expect(steer).toHaveBeenLastCalledWith({ action: 'pause' })
})

it('says how to get a demo where there is none', async () => {
  vi.spyOn(api, 'stage').mockRejectedValue(new Refusal(404, 'UNKNOWN_ROUTE', ''))
  render(StagePage)
  expect(await screen.findByText('go run ./services/eletrovia demo')).toBeTruthy()
})
