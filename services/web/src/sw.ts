/// <reference lib="webworker" />
/** Keeps the app itself on this machine, so that its pages open without a network; what they show is the server's or what the page kept. */
const worker = self as unknown as ServiceWorkerGlobalScope

declare const __FILES__: string[]

/** The build fills the files in; another build is another cache. */
const files = __FILES__
const cache = `eletrovia-${files.join(' ').split('').reduce((n, c) => (n * 31 + c.charCodeAt(0)) | 0, 7)}`

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cache)
      .then((c) => c.addAll(['/', ...files]))
      .then(() => worker.skipWaiting()),
  )
})

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((n) => n !== cache).map((n) => caches.delete(n))))
      .then(() => worker.clients.claim()),
  )
})

const app = /^\/($|ops$|ops\/trips\/|trips$|trips\/)/

worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  if (event.request.method !== 'GET' || url.origin !== worker.location.origin) return
  if (event.request.mode === 'navigate' && app.test(url.pathname)) {
    event.respondWith(fetch(event.request).catch(() => caches.match('/').then((had) => had ?? Response.error())))
  } else if (url.pathname.startsWith('/assets/')) {
    event.respondWith(caches.match(event.request).then((had) => had ?? fetch(event.request)))
  }
})
