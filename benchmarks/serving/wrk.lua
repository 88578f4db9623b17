-- Posts the file that BENCH_BODY names, and says at the end what came of it, as JSON.

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = read(os.getenv("BENCH_BODY"))

function done(summary, latency)
  io.write(string.format(
    'BENCH {"requests": %d, "seconds": %f, "failed": %d, "p50_seconds": %f, "p99_seconds": %f}\n',
    summary.requests - summary.errors.status, summary.duration / 1e6,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6))
end
