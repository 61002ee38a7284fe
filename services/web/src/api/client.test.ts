import { afterEach, expect, it, vi } from 'vitest'
import { api, ask, askPage, Refusal } from './client'

afterEach(() => vi.unstubAllGlobals())

const answering = (status: number, body: unknown) => {
  const fetched = vi.fn(async (_path: string, _init: RequestInit) => new Response(body === undefined ? null : JSON.stringify(body), { status }))
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

it('follows a list from page to page', async () => {
  const pages = [
    { body: [1, 2], link: '<http://a.test/x?limit=2&after=c>; rel="next", <http://a.test/x>; rel="first"' },
    { body: [3], link: '<http://a.test/x>; rel="first"' },
  ]
  const asked: string[] = []
  vi.stubGlobal('fetch', async (path: string) => {
    asked.push(path)
    const p = pages[asked.length - 1]
    return new Response(JSON.stringify(p?.body), { headers: { Link: p?.link ?? '' } })
  })
  expect(await askPage('/x?limit=2')).toEqual({ items: [1, 2], next: '/x?limit=2&after=c' })
  asked.length = 0
  expect(await api.history('t')).toEqual([1, 2, 3])
  expect(asked).toEqual(['/api/v1/trips/t/history?limit=500', '/x?limit=2&after=c'])
})
