# Varnish (7.1 or newer) as the shield in front of a Sluice origin: one request an object, and nothing stale.
#
# The origin says with each answer how long it holds; no time is set here. Who asks for what is on its way waits for the
# same answer: playlists that wait (Low-Latency HLS) are asked for once, and a segment that is still being made
# (low-latency DASH) goes to all as it comes.

vcl 4.1;

import std;

backend sluice {
    .host = "127.0.0.1";
    .port = "8080";
    .first_byte_timeout = 60s;
    .between_bytes_timeout = 10s;
}

sub vcl_recv {
    if (req.method != "GET" && req.method != "HEAD") {
        return (pass);
    }
    # Nothing here is for one viewer: cookies would keep everything out of the cache.
    unset req.http.Cookie;
    # What players say of themselves (CMCD) asks for nothing else.
    set req.url = regsub(regsuball(req.url, "([?&])CMCD=[^&]*&?", "\1"), "[?&]$", "");
    # One object, in whichever order a player writes _HLS_msn, _HLS_part and _HLS_skip.
    set req.url = std.querysort(req.url);
    return (hash);
}

sub vcl_hash {
    # Manifests name everything by relative URLs: whichever name the shield is asked by, the answer is the same.
    hash_data(req.url);
    return (lookup);
}

sub vcl_backend_response {
    set beresp.do_stream = true;
    # A manifest of before is worse than a wait: players would ask for what has left.
    set beresp.grace = 0s;
    set beresp.keep = 0s;
    if (beresp.http.Cache-Control ~ "no-store" || beresp.status >= 500) {
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }
}

sub vcl_deliver {
    if (obj.hits > 0) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "MISS";
    }
}
