/** How long a page's clock may jump before the page has slept, in ms: a page in the background is let run once a minute. */
const nap = 90_000

/** Calls back when the page goes on after it was frozen or slept, until the answer is called. */
export function whenWoken(go: () => void): () => void {
  let last = Date.now()
  const timer = setInterval(() => {
    const slept = Date.now() - last > nap
    last = Date.now()
    if (slept) go()
  }, 1000)
  const resumed = () => {
    last = Date.now()
    go()
  }
  document.addEventListener('resume', resumed)
  return () => {
    clearInterval(timer)
    document.removeEventListener('resume', resumed)
  }
}
