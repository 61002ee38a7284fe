/** The app's pages; an address that is none of them is lost. */
export type Route = { page: 'plan' } | { page: 'trips' } | { page: 'trip'; id: string } | { page: 'ops' } | { page: 'stage' } | { page: 'lost' }

export function routeOf(path: string): Route {
  if (path === '/') return { page: 'plan' }
  if (path === '/trips') return { page: 'trips' }
  if (path === '/ops') return { page: 'ops' }
  if (path === '/stage') return { page: 'stage' }
  const trip = /^\/trips\/([^/]+)$/.exec(path)
  const id = trip?.[1] && decoded(trip[1])
  return id ? { page: 'trip', id } : { page: 'lost' }
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

  constructor() {
    addEventListener('popstate', () => (this.route = routeOf(location.pathname)))
  }

  go(path: string) {
    history.pushState(null, '', path)
    this.route = routeOf(location.pathname)
    scrollTo(0, 0)
  }
}

export const router = new Router()

/** Follows a click on a link of the app without loading it anew. */
export function follow(event: MouseEvent) {
  const link = (event.target as Element).closest('a')
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || link.target) return
  const to = new URL(link.href)
  if (to.origin !== location.origin || routeOf(to.pathname).page === 'lost') return
  event.preventDefault()
  router.go(to.pathname + to.search)
}
