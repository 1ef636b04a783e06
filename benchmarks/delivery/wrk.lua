-- Ask for the paths of a file, in order: round and round, or each once. The figures are one line of JSON.
local requests = {}
local following = 0
local answered = 0

function init(args)
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  if args[2] == "once" then
    -- wrk parses answers for Lua only if there is a function for them.
    response = function()
      answered = answered + 1
      if answered == #requests then
        -- The main thread sleeps on until an interrupt, which system() keeps away for as long as it runs.
        wrk.thread:stop()
        os.execute("(sleep 0.02; kill -INT $PPID) &")
      end
    end
  end
end

function request()
  following = following % #requests + 1
  return requests[following]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "took_us": %d, "statuses_above_399": %d, "not_connected": %d, "not_read": %d, ' ..
      '"not_written": %d, "timeouts": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.requests, summary.duration, errors.status, errors.connect, errors.read, errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(99)
  ))
end
