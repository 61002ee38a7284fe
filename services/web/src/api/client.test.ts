import { afterEach, expect, it, vi } from 'vitest'
import { api, ask, page, Refusal } from './client'

afterEach(() => vi.unstubAllGlobals())

const answering = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  const fetched = vi.fn(async (_path: string, _init: RequestInit) => new Response(body === undefined ? null : JSON.stringify(body), { status, headers }))
  vi.stubGlobal('fetch', fetched)
  return fetched
}

it('gives what the server says', async () => {
  answering(200, [{ name: 'Natal' }])
  expect(await ask('GET', '/x')).toEqual([{ name: 'Natal' }])
})

it('throws a problem with its code and its fields', async () => {
  answering(422, { code: 'INVALID_FIELD', title: 't', detail: 'd', errors: [{ field: 'soc', reason: 'too much' }] })
  const refusal = await ask('POST', '/x', {}).catch((e) => e as Refusal)
  expect(refusal).toBeInstanceOf(Refusal)
  expect(refusal).toMatchObject({ status: 422, code: 'INVALID_FIELD', detail: 'd', fields: [{ field: 'soc', reason: 'too much' }] })
})

it('throws OFFLINE where nothing answers', async () => {
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('network')))
  await expect(ask('GET', '/x')).rejects.toMatchObject({ status: 0, code: 'OFFLINE' })
})

it('names each write, so that a repeat is one', async () => {
  const fetched = answering(200, {})
  await ask('POST', '/x', { a: 1 })
  await ask('GET', '/x')
  const headers = fetched.mock.calls.map((c) => new Headers(c[1].headers))
  expect(headers[0]?.get('Idempotency-Key')).toMatch(/^[0-9a-f-]{36}$/)
  expect(headers[1]?.has('Idempotency-Key')).toBe(false)
})

it('gives a page with the address of the next, and the last without', async () => {
  answering(200, [1], { Link: '</x?cursor=>; rel="first", </x?cursor=b>; rel="next"' })
  expect(await page('/x')).toEqual({ items: [1], next: '/x?cursor=b' })
  answering(200, [2], { Link: '</x?cursor=>; rel="first"' })
  expect(await page('/x')).toEqual({ items: [2], next: undefined })
})

it('reads why a server is not ready', async () => {
  answering(503, { status: 'unavailable', checks: { store: 'away' } })
  expect(await api.health()).toEqual({ status: 'unavailable', checks: { store: 'away' } })
})

it('reads a list to its end', async () => {
  const links = ['</x?offset=1>; rel="next"', '']
  const asked: string[] = []
  vi.stubGlobal('fetch', async (path: string) => {
    asked.push(path)
    return new Response(JSON.stringify([asked.length]), { headers: { Link: links[asked.length - 1] ?? '' } })
  })
  expect(await api.history('t')).toEqual([1, 2])
  expect(asked).toEqual(['/api/v1/trips/t/history?limit=500', '/x?offset=1'])
})
