/** The app's pages; an address that is none of them is lost. */
export type Route = { page: 'plan' } | { page: 'trips' } | { page: 'trip'; id: string } | { page: 'ops' } | { page: 'saga'; id: string } | { page: 'lost' }

export function routeOf(path: string): Route {
  if (path === '/') return { page: 'plan' }
  if (path === '/trips') return { page: 'trips' }
  if (path === '/ops') return { page: 'ops' }
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

  /** What the address names of the page, after its #. */
  part = $state(location.hash.slice(1))

  constructor() {
    const look = () => this.look()
    addEventListener('popstate', look)
    addEventListener('hashchange', look)
  }

  go(path: string) {
    history.pushState(null, '', path)
    this.look()
    if (!this.part) scrollTo(0, 0)
  }

  private look() {
    this.route = routeOf(location.pathname)
    this.part = decoded(location.hash.slice(1)) ?? ''
  }
}

export const router = new Router()

/** Follows a click on a link of the app without loading it anew. */
export function follow(event: MouseEvent) {
  const link = (event.target as Element).closest('a')
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || link.target) return
  const to = new URL(link.href)
  if (to.origin !== location.origin || routeOf(to.pathname).page === 'lost') return
  // Within the page the browser goes by itself, and takes the keyboard along.
  if (to.hash && to.pathname === location.pathname && to.search === location.search) return
  event.preventDefault()
  router.go(to.pathname + to.search + to.hash)
}
