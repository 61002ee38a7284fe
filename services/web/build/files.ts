import type { Plugin } from 'vite'

/** Tells the service worker which files the build has: those that are named by their content. */
export function files(): Plugin {
  return {
    name: 'files',
    generateBundle(_, bundle) {
      const worker = bundle['assets/sw.js']
      if (worker?.type !== 'chunk') return
      const names = Object.keys(bundle).filter((n) => /-[\w-]{8}\.\w+$/.test(n))
      worker.code = worker.code.replace('__FILES__', JSON.stringify(names.sort().map((n) => `/${n}`)))
    },
  }
}
