import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'
import { files } from './build/files.ts'

// Everything is named by its content, so that the server lets browsers keep it for good; nothing is inlined, so that
// the Content-Security-Policy needs no exception.
export default defineConfig({
  plugins: [svelte(), files()],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 300,
    rolldownOptions: {
      input: { index: 'index.html', sw: 'src/sw.ts' },
      // A service worker's address is what tells it from another: it keeps its name.
      output: { entryFileNames: (chunk) => (chunk.name === 'sw' ? 'assets/sw.js' : 'assets/[name]-[hash].js') },
    },
  },
  worker: { format: 'es' },
  resolve: process.env['VITEST'] ? { conditions: ['browser'] } : {},
  test: { environment: 'jsdom', include: ['src/**/*.test.ts'], setupFiles: ['build/vitest.ts'] },
})
