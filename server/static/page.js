"use strict";
// Shows what /health and /api/v1 say, once a second. Text goes in as text, never as markup.
const PHASES_GOOD = new Set(["synced", "closed", "paused"]);
const METRICS = ["best_bid", "best_ask", "spread", "imbalance", "ofi", "ofi_z", "momentum", "volume",
  "composite", "outlook", "cvd", "delta", "vwap"];
const CLUSTER = ["id", "kind", "side", "price_low", "price_high", "size", "size_peak", "score",
  "opacity", "state", "age_ms"];
const SIGNAL = ["id", "kind", "strength", "confidence", "price", "reason"];
const SIGNALS_SHOWN = 5;

function cell(row, value, style) {
  const td = row.insertCell();
  td.textContent = value === null || value === undefined ? "–" : String(value);
  if (style) td.className = style;
}

function shown(value) {
  return typeof value === "number" && !Number.isInteger(value) ? value.toFixed(2) : value;
}

async function get(path) {
  const answer = await fetch(path, { cache: "no-store" });
  return answer.ok ? answer.json() : null;
}

function showStreams(rows) {
  const body = document.querySelector("#streams tbody");
  body.replaceChildren();
  document.getElementById("empty").hidden = rows.length > 0;
  for (const one of rows) {
    const row = body.insertRow();
    cell(row, one.instrument);
    cell(row, one.source);
    cell(row, one.phase, PHASES_GOOD.has(one.phase) ? "good" : "bad");
    cell(row, one.age_ms === null ? null : `${(one.age_ms / 1000).toFixed(1)} s`);
    cell(row, one.lag_ms === null ? null : `${one.lag_ms.toFixed(1)} ms`);
    cell(row, one.last_seq);
    cell(row, one.durable_seq);
    cell(row, one.missing.join(", ") || "nothing", one.missing.length ? "bad" : "mute");
  }
}

function table(names, rows) {
  const made = document.createElement("table");
  const head = made.createTHead().insertRow();
  for (const name of names) {
    const th = document.createElement("th");
    th.textContent = name;
    head.append(th);
  }
  const body = made.createTBody();
  for (const one of rows) {
    const row = body.insertRow();
    for (const name of names) cell(row, shown(one[name]));
  }
  const box = document.createElement("div");
  box.className = "scroll";
  box.append(made);
  return box;
}

async function details(rows) {
  const parts = [];
  for (const one of rows.slice(0, 8)) {
    const base = `api/v1/instruments/${encodeURIComponent(one.instrument)}`;
    const source = `?source=${encodeURIComponent(one.source)}`;
    const [metrics, clusters, signals] = await Promise.all(
      [get(`${base}/metrics${source}`), get(`${base}/clusters${source}`),
        get(`${base}/signals${source}&since_signal=0`)]);
    const title = document.createElement("h2");
    title.textContent = `${one.instrument} (${one.source})`;
    parts.push(title);
    if (metrics) parts.push(table(METRICS, [metrics]));
    if (signals && signals.signals.length) {
      parts.push(table(SIGNAL, signals.signals.slice(-SIGNALS_SHOWN).reverse()));
    }
    if (clusters && clusters.clusters.length) parts.push(table(CLUSTER, clusters.clusters));
  }
  document.getElementById("details").replaceChildren(...parts);
}

async function refresh() {
  const status = document.getElementById("status");
  try {
    const health = await get("health");
    if (!health.streams) return location.assign("login");  // the login has ended
    const reason = health.reasons.length ? ` (${health.reasons.join(", ")})` : "";
    status.textContent = `${health.status}${reason} · version ${health.version} · up ` +
      `${Math.round(health.uptime_s)} s · ${health.connections} connections`;
    status.className = health.status === "ok" ? "good" : "bad";
    showStreams(health.streams);
    await details(health.streams);
  } catch (error) {
    status.textContent = "the server does not answer";
    status.className = "bad";
  }
  setTimeout(refresh, 1000);
}

async function offerLogout() {
  const answer = await fetch("login", { method: "HEAD" });
  document.getElementById("logout").hidden = !answer.ok;
}

refresh();
offerLogout();
