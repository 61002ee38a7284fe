import { cleanup } from '@testing-library/svelte'
import { afterEach } from 'vitest'

// jsdom has no modal dialogs: they are open, and closing tells.
HTMLDialogElement.prototype.showModal = function () {
  this.open = true
}
HTMLDialogElement.prototype.close = function () {
  this.open = false
  this.dispatchEvent(new Event('close'))
}

afterEach(() => {
  cleanup()
  localStorage.clear()
})
