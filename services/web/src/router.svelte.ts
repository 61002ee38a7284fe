/** The app's pages; an address that is none of them is lost. */
export type Route = { page: 'plan' } | { page: 'trips' } | { page: 'trip'; id: string } | { page: 'ops' } | { page: 'saga'; id: string } | { page: 'stage' } | { page: 'lost' }

export function routeOf(path: string): Route {
  if (path === '/') return { page: 'plan' }
  if (path === '/trips') return { page: 'trips' }
  if (path === '/ops') return { page: 'ops' }
  if (path === '/stage') return { page: 'stage' }
  const trip = /^(\/ops)?\/trips\/([^/]+)$/.exec(path)
  const id = trip?.[2] && decoded(trip[2])
  return id ? { page: trip[1] ? 'saga' : 'trip', id } : { page: 'lost' }
}

/** Part of an address as it was meant; undefined where it is spoilt, as in %E0. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

class Router {
  route = $state<Route>(routeOf(location.pathname))
  /** What the address asks of its page. */
  query = $state.raw(new URLSearchParams(location.search))

  constructor() {
    addEventListener('popstate', () => this.look())
  }

  go(path: string) {
    const before = location.pathname
    history.pushState(null, '', path)
    this.look()
    if (location.pathname !== before) scrollTo(0, 0)
  }

  /** Keeps in the address what the page shows, so that it survives a reload and can be handed on; empty takes it out. */
  put(values: Record<string, string>) {
    const query = new URLSearchParams(location.search)
    for (const [name, value] of Object.entries(values)) {
      if (value) query.set(name, value)
      else query.delete(name)
    }
    const text = query.toString()
    history.replaceState(null, '', location.pathname + (text && `?${text}`) + location.hash)
    this.query = query
  }

  private look() {
    this.route = routeOf(location.pathname)
    this.query = new URLSearchParams(location.search)
  }
}

export const router = new Router()

/** Follows a click on a link of the app without loading it anew. */
export function follow(event: MouseEvent) {
  const link = (event.target as Element).closest('a')
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || link.target) return
  const to = new URL(link.href)
  if (to.origin !== location.origin || routeOf(to.pathname).page === 'lost') return
  if (to.hash && to.pathname === location.pathname && to.search === location.search) return // a place on this page
  event.preventDefault()
  router.go(to.pathname + to.search + to.hash)
}
