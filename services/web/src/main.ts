import { mount } from 'svelte'
import './fonts.css'
import './tokens.css'
import App from './App.svelte'

const target = document.getElementById('app')
if (target) mount(App, { target })

// The app is kept for where there is no network; without that it works as before.
if ('serviceWorker' in navigator) navigator.serviceWorker.register('/assets/sw.js', { scope: '/' }).catch(() => undefined)
