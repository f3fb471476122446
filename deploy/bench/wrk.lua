-- Lets wrk end with one line of JSON. Without a `request` function it sends the same bytes each time, at no cost.
function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"seconds":%f,"p99_ms":%f,"refused":%d,"broken":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout
    ))
end
