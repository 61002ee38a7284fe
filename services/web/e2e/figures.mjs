// The app's figures against a demo with cars: a line each. Arguments: the addresses of the companies' servers.
import { budget, events, firstLoad, interactive, watched } from './measure.mjs'
import { end, say, wrong } from './steps.mjs'

const [home] = process.argv.slice(2)
const at = (all, share) => all[Math.min(all.length - 1, Math.floor(all.length * share))]

const bytes = await firstLoad(home)
say(`first load, bytes: ${JSON.stringify(bytes)}, at most ${JSON.stringify(budget)}`)
for (const kind of Object.keys(budget)) if (bytes[kind] > budget[kind]) wrong(`${kind}: ${bytes[kind]} bytes`)

const visits = await interactive(home, 7)
say(`interactive after, ms: ${visits.join(' ')}; median ${at(visits, 0.5)}, wanted 1500`)

const page = await watched(home)
const shown = await events(home, 20)
say(`an event on the screen after, ms: median ${at(shown, 0.5)}, p95 ${at(shown, 0.95)}, most ${shown.at(-1)}, wanted 500`)

await new Promise((go) => setTimeout(go, Math.max(0, 120 - page.seconds()) * 1000))
say(`the heap of /ops grew by ${((await page.grown()) / 1e6).toFixed(1)} MB in ${page.seconds().toFixed(0)} s, at most 20`)
if ((await page.grown()) > 20e6) wrong('the heap grows')
await page.close()
end()
