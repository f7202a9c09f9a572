// SPDX-License-Identifier: GPL-3.0-or-later
// The list of modems. Rows come once, then only what differs (patch). All text is shown as text.
const ICONS = {
  serving: "check_circle", degraded: "error_outline", failed: "cancel", quarantined: "block",
  held: "pan_tool", repairing: "build", applying: "sync", waiting: "hourglass_empty",
  identifying: "search", offline: "power_off",
};
// The worst first, so that sorting by state is of use.
const ORDER = ["failed", "quarantined", "degraded", "offline", "repairing", "waiting", "identifying",
  "applying", "held", "serving"];
const KEPT = "modemfarm-filters";

function ago(seconds) {
  const passed = Math.max(0, seconds);
  if (passed < 90) return `${Math.round(passed)} s`;
  if (passed < 5400) return `${Math.round(passed / 60)} min`;
  if (passed < 129600) return `${Math.round(passed / 3600)} h`;
  return `${Math.round(passed / 86400)} d`;
}

function bytes(count) {
  if (count == null) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let n = 0;
  while (count >= 1000 && n < 4) [count, n] = [count / 1000, n + 1];
  return `${n && count < 10 ? count.toFixed(1) : Math.round(count)} ${units[n]}`;
}

const sorted = (key) => (a, b) => (a ?? key) < (b ?? key) ? -1 : (a ?? key) > (b ?? key) ? 1 : 0;
const column = (name, label, field, sort, more) => ({
  name, label, field, align: "left", sortable: !!sort, sort, ...more,
});

export default {
  props: { rows: Array, choose: Boolean },
  emits: ["selected"],
  template: `
  <section class="modems" aria-label="Modems">
    <div class="filters" role="search" aria-label="Filter modems">
      <q-input v-model="find" dense outlined clearable debounce="150" label="Search"
        aria-label="Search by IMEI, operator, address, port, reason" class="find">
        <template #prepend><q-icon name="search" aria-hidden="true" /></template>
      </q-input>
      <q-select v-model="states" :options="stateOptions" multiple dense outlined clearable
        options-dense label="State" aria-label="Filter by state" class="pick" emit-value />
      <q-select v-model="operators" :options="operatorOptions" multiple dense outlined clearable
        options-dense label="Operator" aria-label="Filter by operator" class="pick" />
      <q-select v-if="hostOptions.length > 1" v-model="hosts" :options="hostOptions" multiple dense
        outlined clearable options-dense label="Host" aria-label="Filter by host" class="pick" />
      <q-toggle v-model="trouble" label="Only what needs a look" />
      <q-btn v-if="filtered" flat dense no-caps label="Clear filters" @click="clearFilters" />
      <span class="count" role="status" aria-live="polite">{{ shown.length }} of {{ all.length }} modems</span>
    </div>
    <q-table flat bordered :rows="shown" :columns="columns" row-key="serial" :grid="narrow"
      :selection="choose ? 'multiple' : 'none'" v-model:selected="chosen" binary-state-sort
      v-model:pagination="pagination" :rows-per-page-options="[50, 100, 0]" :dense="true"
      :no-data-label="all.length ? 'No modem fits the filters.' : 'No modem is known yet. Plug one in: it appears here by itself.'"
      table-class="modem-table" aria-label="Modems">
      <template #header-cell="p">
        <q-th :props="p" :tabindex="p.col.sortable ? 0 : undefined" scope="col"
          :aria-sort="sortOf(p.col)" @keydown.enter.prevent="p.sort(p.col)"
          @keydown.space.prevent="p.sort(p.col)">{{ p.col.label }}</q-th>
      </template>
      <template #header-selection="p">
        <q-checkbox v-model="p.selected" dense aria-label="Select all modems of this page" />
      </template>
      <template #body="p">
        <q-tr :props="p" :class="{ stale: p.row.stale }" :data-serial="p.row.serial">
          <q-td v-if="choose" auto-width>
            <q-checkbox v-model="p.selected" dense :aria-label="'Select modem ' + p.row.serial" />
          </q-td>
          <q-td v-for="c in p.cols" :key="c.name" :props="{ ...p, col: c }" :class="'c-' + c.name">
            <component :is="cell" :name="c.name" :row="p.row" :now="now" :hosts="hostOptions.length > 1" />
          </q-td>
        </q-tr>
      </template>
      <template #item="p">
        <div class="card" :class="{ stale: p.row.stale }" :data-serial="p.row.serial">
          <div class="card-head">
            <q-checkbox v-if="choose" v-model="p.selected" dense :aria-label="'Select modem ' + p.row.serial" />
            <component :is="cell" name="modem" :row="p.row" :now="now" :hosts="hostOptions.length > 1" />
          </div>
          <component :is="cell" name="state" :row="p.row" :now="now" />
          <dl>
            <template v-for="c in p.cols.filter((c) => !['modem', 'state'].includes(c.name))" :key="c.name">
              <dt>{{ c.label }}</dt><dd><component :is="cell" :name="c.name" :row="p.row" :now="now" :hosts="hostOptions.length > 1" /></dd>
            </template>
          </dl>
        </div>
      </template>
    </q-table>
  </section>`,
  data() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) || "{}");
    return {
      all: this.rows, chosen: [], now: this.time(),
      find: kept.find || "", states: kept.states || [], operators: kept.operators || [],
      hosts: kept.hosts || [], trouble: !!kept.trouble,
      pagination: kept.pagination || { sortBy: null, descending: false, rowsPerPage: 50, page: 1 },
      narrow: false,
      columns: [
        column("state", "State", "state", (a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)),
        column("modem", "Modem", "slot", (a, b) => a - b),
        column("operator", "Operator", "operator", sorted("\uffff")),
        column("signal", "Signal, 24 h", "signal", sorted(-999)),
        column("wan", "WAN address", "wan", sorted("\uffff")),
        column("proxy", "Proxy", "proxy", sorted("")),
        column("traffic", "Traffic", (row) => (row.rx || 0) + (row.tx || 0), (a, b) => a - b),
        column("seen", "Last seen", "last_seen", (a, b) => a - b),
      ],
    };
  },
  computed: {
    cell: () => Cell,
    shown() {
      const words = (this.find || "").toLowerCase().split(/\s+/).filter(Boolean);
      return this.all.filter((row) =>
        (!this.states?.length || this.states.includes(row.state)) &&
        (!this.operators?.length || this.operators.includes(row.operator || "–")) &&
        (!this.hosts?.length || this.hosts.includes(row.host)) &&
        (!this.trouble || row.stale || !["serving", "held"].includes(row.state)) &&
        words.every((word) => this.text(row).includes(word)));
    },
    filtered() {
      return !!(this.find || this.states?.length || this.operators?.length || this.hosts?.length || this.trouble);
    },
    stateOptions() {
      const counts = {};
      for (const row of this.all) counts[row.state] = (counts[row.state] || 0) + 1;
      return ORDER.filter((state) => counts[state]).map((state) => ({ label: `${state} (${counts[state]})`, value: state }));
    },
    operatorOptions() {
      return [...new Set(this.all.map((row) => row.operator || "–"))].sort();
    },
    hostOptions() {
      return [...new Set(this.all.map((row) => row.host))].sort();
    },
  },
  watch: {
    chosen(rows) { this.$emit("selected", rows.map((row) => row.serial)); },
    shown(rows) {
      // What cannot be seen must not be acted on.
      const there = new Set(rows.map((row) => row.serial));
      if (this.chosen.some((row) => !there.has(row.serial)))
        this.chosen = this.chosen.filter((row) => there.has(row.serial));
    },
  },
  updated() {
    const { find, states, operators, hosts, trouble, pagination } = this;
    sessionStorage.setItem(KEPT, JSON.stringify({ find, states, operators, hosts, trouble, pagination }));
  },
  methods: {
    time: () => Date.now() / 1000 + (window.farmClockOffset || 0),
    text: (row) => [row.serial, `slot ${row.slot}`, row.state, row.reason, row.operator, row.wan, row.proxy,
      row.host, row.model, row.usb_path, row.interface, row.hold && row.hold.why].join(" ").toLowerCase(),
    sortOf(col) {
      if (!col.sortable) return undefined;
      if (this.pagination.sortBy !== col.name) return "none";
      return this.pagination.descending ? "descending" : "ascending";
    },
    clearFilters() {
      [this.find, this.states, this.operators, this.hosts, this.trouble] = ["", [], [], [], false];
    },
    clearChoice() { this.chosen = []; },
    patch(changed, gone) {
      const news = new Map(changed.map((row) => [row.serial, row]));
      const lost = new Set(gone);
      const rows = [];
      for (const row of this.all) {
        if (lost.has(row.serial)) continue;
        const fresh = news.get(row.serial);
        news.delete(row.serial);
        rows.push(fresh ? { ...row, ...fresh } : row);
      }
      rows.push(...news.values());
      rows.sort((a, b) => (a.host === b.host ? a.slot - b.slot : a.host < b.host ? -1 : 1));
      this.all = rows;
      const chosen = new Set(this.chosen.map((row) => row.serial));
      if (chosen.size) this.chosen = rows.filter((row) => chosen.has(row.serial));
    },
  },
  mounted() {
    const query = window.matchMedia("(max-width: 1023px)");
    const fit = () => (this.narrow = query.matches);
    query.addEventListener("change", fit);
    fit();
    this.timer = setInterval(() => (this.now = this.time()), 5000);
  },
  unmounted() { clearInterval(this.timer); },
};

const Cell = {
  props: { name: String, row: Object, now: Number, hosts: Boolean },
  template: `
    <div v-if="name === 'state'" class="state">
      <span class="chip" :class="'s-' + (row.stale ? 'offline' : row.state)"><i class="material-icons" aria-hidden="true">{{ icon }}</i>{{ row.stale ? 'was ' : '' }}{{ row.state }}</span>
      <span v-if="row.stale" class="chip s-stale" :title="row.stale"><i class="material-icons" aria-hidden="true">history</i>stale</span>
      <div v-if="row.stale" class="why">{{ row.stale }}</div>
      <div v-if="row.hold" class="why">held by {{ row.hold.by }} until {{ time(row.hold.until) }}: {{ row.hold.why }}</div>
      <div v-else-if="row.reason" class="why" :title="row.remedy || ''">{{ row.reason }}</div>
    </div>
    <div v-else-if="name === 'modem'"><a :href="'/console/modem/' + row.serial" class="serial">{{ row.serial }}</a>
      <div class="dim nowrap">slot {{ row.slot }}<template v-if="row.usb_path"> · USB {{ row.usb_path }}</template><template v-if="hosts"> · {{ row.host }}</template></div></div>
    <div v-else-if="name === 'signal'" class="signal">
      <div v-if="row.signal != null" class="level" role="img" :aria-label="'Signal ' + row.signal + ' dBm, ' + grade">
        <span class="bar" :class="'g-' + grade"><span :style="{ width: share(row.signal) + '%' }"></span></span>
        <span class="number">{{ row.signal }} dBm</span></div>
      <div v-else class="dim">no signal</div>
      <svg v-if="lines.length" class="curve" :class="{ past: row.signal == null }" viewBox="0 0 96 20" preserveAspectRatio="none" role="img"
        :aria-label="'Last 24 hours: ' + least + ' to ' + most + ' dBm'">
        <polyline v-for="line in lines" :points="line" /></svg>
    </div>
    <div v-else-if="name === 'wan'"><template v-if="row.wan">{{ row.wan }}<div class="dim" :title="time(row.wan_since)">
      {{ row.wan_since ? 'for ' + ago(now - row.wan_since) : 'since unknown' }}</div></template><span v-else class="dim">none</span></div>
    <div v-else-if="name === 'proxy'" class="proxy"><span>{{ row.proxy }}</span>
      <button type="button" class="copy" :aria-label="'Copy ' + row.proxy" :title="'Copy ' + row.proxy" @click.stop="copy">
        <i class="material-icons" aria-hidden="true">{{ copied ? 'done' : 'content_copy' }}</i></button>
      <span class="sr-only" aria-live="polite">{{ copied ? 'Copied' : '' }}</span></div>
    <div v-else-if="name === 'traffic'"><template v-if="row.rx != null"><span class="nowrap" title="Received since the interface came up">↓ {{ bytes(row.rx) }}</span>
      <span class="nowrap" title="Sent since the interface came up">↑ {{ bytes(row.tx) }}</span>
      <div v-if="row.rx_rate != null" class="dim nowrap">{{ bytes(row.rx_rate + row.tx_rate) }}/s</div></template><span v-else class="dim nowrap" title="Counted for modems that are up at the host of this console">not known</span></div>
    <div v-else-if="name === 'seen'" :title="date(row.last_seen)" class="nowrap">{{ ago(now - row.last_seen) }} ago</div>
    <div v-else :class="{ dim: !row[name] }">{{ row[name] || '–' }}</div>`,
  data: () => ({ copied: false }),
  computed: {
    icon() { return ICONS[this.row.state] || "help_outline"; },
    grade() {
      const dbm = this.row.signal;
      return dbm >= -75 ? "good" : dbm >= -90 ? "fair" : "weak";
    },
    measured() { return (this.row.curve || []).filter((dbm) => dbm != null); },
    least() { return Math.min(...this.measured); },
    most() { return Math.max(...this.measured); },
    lines() {
      const found = [];
      let line = [];
      (this.row.curve || []).forEach((dbm, n) => {
        if (dbm == null) { if (line.length > 1) found.push(line.join(" ")); line = []; }
        else line.push(`${n * 2 + 1},${(19 - this.share(dbm) * 0.18).toFixed(1)}`);
      });
      if (line.length > 1) found.push(line.join(" "));
      return found;
    },
  },
  methods: {
    ago, bytes,
    // -113 dBm is what AT+CSQ calls nothing, -51 dBm the most it knows.
    share: (dbm) => Math.max(4, Math.min(100, ((dbm + 113) / 62) * 100)),
    time: (s) => (s == null ? "" : new Date(s * 1000).toLocaleString([], { hour12: false, dateStyle: "short", timeStyle: "short" })),
    date: (s) => (s == null ? "" : new Date(s * 1000).toLocaleString([], { hour12: false })),
    async copy() {
      try {
        await navigator.clipboard.writeText(this.row.proxy);
      } catch (_) {
        const field = document.createElement("textarea"); // no permission, or no such interface
        field.value = this.row.proxy;
        document.body.append(field);
        field.select();
        document.execCommand("copy");
        field.remove();
      }
      this.copied = true;
      setTimeout(() => (this.copied = false), 2000);
    },
  },
};
