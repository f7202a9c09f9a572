// SPDX-License-Identifier: GPL-3.0-or-later
// Says when the page is not live. It trusts no flag: what counts is when the server last spoke.
const SILENT_MS = 12000; // the server speaks every 5 s

function clock(seconds) {
  return seconds == null ? "never" : new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
}

export default {
  props: { alive: String, log_in: String },
  template: `
    <div class="farm-banner" :class="kind" role="alert" aria-live="assertive">
      <template v-if="kind">
        <i class="material-icons" aria-hidden="true">{{ kind === "lost" ? "cloud_off" : "history" }}</i>
        <span>{{ text }}</span>
      </template>
    </div>
    <span class="farm-live" :class="kind || 'live'" role="status" :aria-label="'Connection: ' + word">
      <span class="dot" aria-hidden="true"></span>{{ word }}
    </span>`,
  data: () => ({ connected: true, spoke: performance.now(), now: performance.now(), state: null }),
  computed: {
    kind() {
      if (!this.connected || this.now - this.spoke > SILENT_MS) return "lost";
      return this.state && this.state.problem ? "stale" : "";
    },
    word() {
      return { lost: "Offline", stale: "Stale", "": "Live" }[this.kind];
    },
    text() {
      const at = clock(this.state && this.state.readAt);
      return this.kind === "lost"
        ? `Connection to the farm lost. What you see is from ${at} and may be wrong by now. Trying again…`
        : `Not live: ${this.state.problem}. What you see is from ${at}.`;
    },
  },
  watch: {
    kind: {
      immediate: true,
      handler(kind) {
        document.body.classList.toggle("farm-not-live", kind !== "");
      },
    },
  },
  methods: {
    tick(state) {
      this.state = state;
      this.spoke = performance.now();
      window.farmClockOffset = state.now - Date.now() / 1000;
    },
    follow() {
      if (!window.socket) return;
      clearInterval(this.waiting);
      const socket = window.socket;
      socket.on("disconnect", () => (this.connected = false));
      socket.on("connect", () => (this.connected = true));
      // NiceGUI would load the page again after a time-out: into nothing, while the server is away.
      socket.off("connect_error");
      socket.on("connect_error", (error) => this.failed(error));
      socket.io.reconnectionDelayMax(2000);
    },
    async failed(error) {
      this.connected = false;
      if (error.message === "Implicit handshake failed") {
        window.location.reload(); // the server is there, but knows nothing of this page
        return;
      }
      try {
        const answer = await fetch(this.alive, { cache: "no-store" });
        if (answer.status === 401) window.location.assign(this.log_in);
      } catch (_) {
        // Still away: the next attempt asks again.
      }
    },
  },
  mounted() {
    this.waiting = setInterval(() => this.follow(), 20);
    this.timer = setInterval(() => (this.now = performance.now()), 500);
  },
  unmounted() {
    clearInterval(this.waiting);
    clearInterval(this.timer);
  },
};
