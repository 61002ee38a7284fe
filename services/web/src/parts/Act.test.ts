import { fireEvent, render, screen } from '@testing-library/svelte'
import { beforeEach, expect, it, vi } from 'vitest'
import { Refusal } from '../api/client'
import { i18n } from '../i18n/i18n.svelte'
import Act from './Act.svelte'

beforeEach(() => i18n.choose('en'))

const shown = (does: (reason: string) => Promise<string>, more = {}) => {
  const back = vi.fn()
  render(Act, { name: 'Cancel the booking', effects: ['EV-0001 is asked.', 'The window is free.'], does, back, ...more })
  return back
}
const button = () => screen.getByRole('button', { name: 'Cancel the booking' }) as HTMLButtonElement
const says = (value: string) => fireEvent.input(screen.getByLabelText('Reason'), { target: { value } })

it('names the effect, and does nothing without a reason', async () => {
  shown(async () => 'done')
  expect(screen.getAllByRole('listitem').map((l) => l.textContent)).toEqual(['EV-0001 is asked.', 'The window is free.'])
  expect(button().disabled).toBe(true)
  await says('   ')
  expect(button().disabled).toBe(true)
})

it('does it with the reason, once, and says what was done', async () => {
  const does = vi.fn(async () => 'EV-0001 is asked now.')
  const back = shown(does)
  await says(' cable cut ')
  await fireEvent.click(button())
  expect(does.mock.calls).toEqual([['cable cut']])
  expect((await screen.findByRole('status')).textContent).toContain('EV-0001 is asked now.')
  expect(screen.queryByRole('button', { name: 'Cancel the booking' })).toBeNull()
  await fireEvent.click(screen.getByRole('button', { name: 'Go on' }))
  expect(back).toHaveBeenCalledOnce()
})

it('says why it was refused, and can be tried again', async () => {
  shown(async () => Promise.reject(new Refusal(409, 'SESSION_OPEN', 'its car is at the plug')))
  await says('cable cut')
  await fireEvent.click(button())
  expect((await screen.findByText(/its car is at the plug/)).getAttribute('role')).toBe('alert')
  expect(button().disabled).toBe(false)
})

it('needs no reason where none is kept, and waits for its other fields', async () => {
  shown(async () => 'done', { reasonMax: 0, blocked: true })
  expect(screen.queryByLabelText('Reason')).toBeNull()
  expect(button().disabled).toBe(true)
})
