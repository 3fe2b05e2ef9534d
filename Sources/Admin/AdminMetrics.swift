import Access
import Origin
import Supervisor
import Timeline

/// Every metric of the daemon: the one table of their names. Durations are in milliseconds, sizes in bytes.
extension AdminReport {
    package func prometheus() -> String {
        let channels = all()
        var text = PrometheusText()
        func each<Value>(_ value: (Channel) -> Value?) -> [(labels: [(String, String)], value: String)] {
            channels.compactMap { channel in value(channel).map { ([("channel", channel.channel)], "\($0)") } }
        }
        func published<Value>(_ value: (Publisher) -> Value?) -> [(labels: [(String, String)], value: String)] {
            each { $0.publisher.flatMap(value) }
        }
        text.add(
            "sluice_channel_publishing", .gauge, "1 while an encoder publishes.", each { $0.publisher == nil ? 0 : 1 })
        text.add(
            "sluice_channel_on_air", .gauge, "1 for the encoder whose media is listed, 0 for the one that waits.",
            channels.flatMap { channel in
                [(channel.publisher, "1"), (channel.standby, "0")].compactMap { publisher, value in
                    publisher.map { ([("channel", channel.channel), ("role", $0.role)], value) }
                }
            })
        text.add(
            "sluice_channel_filling", .gauge, "1 while a lost input is filled in.",
            each { $0.input == "filling" ? 1 : 0 })
        text.add(
            "sluice_channel_input_lost", .gauge, "1 from the loss of the input to the end of the hold.",
            each { $0.input == "filling" || $0.input == "lost" ? 1 : 0 })
        text.add(
            "sluice_channel_ended", .gauge, "1 while manifests say that the source has ended.",
            each { $0.input == "ended" ? 1 : 0 })
        text.add("sluice_files_played_total", .counter, "Files played to their end.", each(\.filesPlayed))
        text.add(
            "sluice_files_refused_total", .counter, "Files that could not be played, or not to their end.",
            each(\.filesRefused))
        text.add("sluice_ingest_bits_per_second", .gauge, "Rate of the encoder's media.", published(\.bitsPerSecond))
        text.add("sluice_ingest_bytes_total", .counter, "Media bytes of this publication.", published(\.bytesReceived))
        text.add("sluice_ingest_video_samples_total", .counter, "Pictures received.", published(\.videoSamples))
        text.add("sluice_ingest_audio_samples_total", .counter, "Audio frames received.", published(\.audioSamples))
        text.add(
            "sluice_ingest_frames_repeated_total", .counter, "Frames repeated to fill holes.",
            published(\.framesRepeated))
        text.add("sluice_ingest_frames_dropped_total", .counter, "Frames without a place.", published(\.framesDropped))
        text.add("sluice_ingest_decode_errors_total", .counter, "Samples a decoder refused.", published(\.decodeErrors))
        text.add(
            "sluice_ingest_black_milliseconds", .gauge, "For how long the picture has been black.",
            published(\.blackMilliseconds))
        text.add(
            "sluice_ingest_silent_milliseconds", .gauge, "For how long the sound has been silent or missing.",
            published(\.silentMilliseconds))
        text.add(
            "sluice_encode_speed_permille", .gauge, "Media time made per working time; under 1000 it falls behind.",
            published(\.encodeSpeedPermille))
        text.add("sluice_last_segment_number", .gauge, "Number of the newest whole segment.", each(\.lastSegment))
        text.add(
            "sluice_last_segment_age_milliseconds", .gauge, "Since it was listed.", each(\.lastSegmentAgeMilliseconds))
        text.add("sluice_window_segments", .gauge, "Segments in the window.", each(\.segments))
        text.add("sluice_window_bytes", .gauge, "Bytes of the window.", each(\.storedBytes))
        text.add("sluice_window_memory_bytes", .gauge, "Memory that its newest segments take.", each(\.memoryBytes))
        text.add(
            "sluice_storage_failing", .gauge, "1 while the disk refuses: what is new is in memory only.",
            each { $0.isStorageFailing ? 1 : 0 })
        text.add("sluice_discontinuity_sequence", .gauge, "Discontinuities so far.", each(\.discontinuitySequence))
        text.add(
            "sluice_manifests_withheld_total", .counter,
            "Revisions that would have broken a rule: the last legal one stays.",
            each(\.manifestsWithheld))
        text.add(
            "sluice_manifests_adopted_total", .counter,
            "Revisions published though they do not follow, as nothing else came.",
            each(\.manifestsAdopted))
        addKeys(channels, to: &text)
        addHost(to: &text)
        return text.text
    }

    private func addKeys(_ channels: [Channel], to text: inout PrometheusText) {
        func each<Value>(_ value: (KeyState) -> Value?) -> [(labels: [(String, String)], value: String)] {
            channels.flatMap { channel in
                channel.keys.enumerated().compactMap { index, keys in
                    value(keys).map { ([("channel", channel.channel), ("group", "\(index)")], "\($0)") }
                }
            }
        }
        text.add("sluice_key_period", .gauge, "Index of the current key period.", each(\.currentPeriod))
        text.add("sluice_key_seconds_to_next_period", .gauge, "Until the key changes.", each(\.secondsToNextPeriod))
        text.add(
            "sluice_key_current_held", .gauge, "1 where the current key is there.", each { $0.isCurrentHeld ? 1 : 0 })
        text.add(
            "sluice_key_next_held", .gauge, "1 where the next is there.", each { $0.isNextHeld.map { $0 ? 1 : 0 } })
        text.add("sluice_key_held_periods", .gauge, "Key periods in memory.", each(\.heldPeriods))
        text.add(
            "sluice_key_reserve_held", .gauge, "1 where the reserve key is there.",
            each { $0.isReserveHeld.map { $0 ? 1 : 0 } })
        text.add("sluice_speke_calls_total", .counter, "Requests to the key provider.", each(\.calls))
        text.add("sluice_speke_failures_total", .counter, "Requests that failed.", each(\.failures))
        func endpoints(_ isTrue: (Endpoint) -> Bool) -> [(labels: [(String, String)], value: String)] {
            channels.flatMap { channel in
                channel.endpoints.map {
                    ([("channel", channel.channel), ("endpoint", $0.id)], isTrue($0) ? "1" : "0")
                }
            }
        }
        text.add(
            "sluice_endpoint_withheld", .gauge, "1 while manifests answer 503 for want of a key.",
            endpoints(\.isWithheld))
        text.add(
            "sluice_endpoint_grace", .gauge, "1 while an earlier key goes on.", endpoints { $0.keyStep == "grace" })
        text.add(
            "sluice_endpoint_slate", .gauge, "1 while a slate stands for the picture.",
            endpoints { $0.keyStep == "slate" })
    }

    private func addBounds(to text: inout PrometheusText) {
        var counts = origin.values.atBounds
        counts[.packaging] = cache.counters.overloads
        counts[.waiting] = content.waitingRefused
        text.add(
            "sluice_http_bounds_total", .counter,
            "Connections and requests refused or cut off by the origin, by the bound they met.",
            OriginBound.allCases.map { ([("bound", $0.rawValue)], "\(counts[$0] ?? 0)") })
        let waiting = content.waiting
        text.add(
            "sluice_http_waiting_requests", .gauge, "Requests that wait for what is not there yet.", waiting.requests)
        text.add("sluice_http_waiting_things", .gauge, "Different things that they wait for.", waiting.things)
        text.add(
            "sluice_http_addresses_forgotten_total", .counter,
            "Addresses forgotten by a full table of rates while they were counted.", origin.values.addressesForgotten)
    }

    private func addHost(to text: inout PrometheusText) {
        let counters = supervisorCounters
        text.add("sluice_rtmp_connections_total", .counter, "Connections accepted.", counters.connections)
        let connections = supervisorConnections
        text.add("sluice_rtmp_connections", .gauge, "Open connections of encoders.", connections.all)
        text.add("sluice_rtmp_waiting", .gauge, "Of them those without a worker.", connections.waiting)
        text.add(
            "sluice_rtmp_handshakes", .gauge, "Of them those with a worker that do not publish yet.",
            connections.handshakes)
        text.add("sluice_publications_total", .counter, "Publications begun.", counters.publications)
        text.add("sluice_takeovers_total", .counter, "Publications taken over by a newer one.", counters.takeovers)
        text.add(
            "sluice_encoder_switches_total", .counter, "Changes between the two encoders of a channel.",
            counters.switches.sorted { ($0.key.channel, $0.key.reason) < ($1.key.channel, $1.key.reason) }.map {
                ([("channel", $0.key.channel), ("reason", $0.key.reason)], "\($0.value)")
            })
        text.add(
            "sluice_worker_failures_total", .counter, "Workers that died or broke the format.", counters.workerFailures)
        text.add(
            "sluice_rtmp_refusals_total", .counter, "Encoders refused, by reason.",
            counters.refusals.sorted { $0.key < $1.key }.map { ([("reason", $0.key)], "\($0.value)") })
        let origin = origin.values
        text.add(
            "sluice_http_responses_total", .counter, "Answers of the origin, by status.",
            origin.responsesByStatus.sorted { $0.key < $1.key }.map { ([("code", "\($0.key)")], "\($0.value)") })
        text.add(
            "sluice_http_broken_total", .counter,
            "Answers that ended early: the rest of a segment under way did not come.",
            origin.broken)
        text.add("sluice_http_body_bytes_total", .counter, "Body bytes of the origin.", origin.bodyBytes)
        text.add("sluice_http_connections", .gauge, "Open connections of the origin.", origin.openConnections)
        addBounds(to: &text)
        text.add(
            "sluice_access_refusals_total", .counter, "Requests answered 403, by reason.",
            access.refusals.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                ([("reason", $0.key.rawValue)], "\($0.value)")
            })
        text.add("sluice_access_revocations", .gauge, "What tokens are revoked by.", access.revocations.count)
        if let log = accessLog?.counters {
            text.add("sluice_access_log_lines_total", .counter, "Lines written into the access log.", log.lines)
            text.add(
                "sluice_access_log_dropped_total", .counter, "Lines left out: too many waited, or the disk refused.",
                [([("reason", "queue")], "\(log.droppedForRoom)"), ([("reason", "disk")], "\(log.droppedByDisk)")])
        }
        addCache(to: &text)
        text.add(
            "sluice_clock_error_milliseconds", .gauge, "The system's clock ahead of live time, which follows slowly.",
            clockError())
        text.add("sluice_storage_bytes", .gauge, "Bytes on disk, all channels.", budget.usedBytes)
        text.add("sluice_storage_limit_bytes", .gauge, "storage.maxBytes.", budget.maximumBytes)
    }

    private func addCache(to text: inout PrometheusText) {
        let cache = cache.counters
        text.add("sluice_cache_hits_total", .counter, "Answers from the cache.", cache.hits)
        text.add("sluice_cache_misses_total", .counter, "Answers that were made.", cache.misses)
        text.add("sluice_cache_waits_total", .counter, "Answers that waited for one being made.", cache.waits)
        text.add("sluice_cache_evictions_total", .counter, "Answers evicted for the byte budget.", cache.evictions)
        text.add(
            "sluice_packaging_bytes", .gauge, "What is being packaged, or is to be, by cost.", cache.bytesBeingMade)
        text.add("sluice_packaging_requests", .gauge, "Requests that wait for it.", cache.requestsForIt)
        text.add("sluice_cache_bytes", .gauge, "Bytes in the cache.", cache.bytes)
        text.add("sluice_cache_entries", .gauge, "Answers in the cache.", cache.entries)
        text.add(
            "sluice_cache_failures_total", .counter, "Answers with what had failed within the second before.",
            cache.failures)
        text.add("sluice_cache_failures_kept", .gauge, "Failures that are remembered for that.", cache.failuresKept)
        text.add(
            "sluice_sending_file_bytes", .gauge, "Copies of media that is sent again and again, from a file of memory.",
            sendingFileBytes())
        let encryption = content.encryption
        text.add(
            "sluice_encryption_segments_total", .counter, "Segments encrypted as a whole, under AES-128.",
            encryption.segments)
        text.add(
            "sluice_encryption_in_step_total", .counter, "Of them those that were in step with others.",
            encryption.inStep)
        text.add("sluice_encryption_waiting", .gauge, "Segments that no thread has begun with.", encryption.waiting)
    }
}
