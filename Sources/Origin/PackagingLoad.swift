/// What is being made, and who waits for it; decides whether more may be begun.
///
/// It is decided by bytes, for time and memory go by these, and by requests. What has begun is finished; who has waited
/// already, or is sent the rest of something, is never refused.
struct PackagingLoad {
    private let maximumBytes: Int
    private let maximumRequests: Int
    private(set) var bytes = 0
    private(set) var requests = 0

    init(maximumBytes: Int, maximumRequests: Int) {
        self.maximumBytes = maximumBytes
        self.maximumRequests = maximumRequests
    }

    /// One thing more, for one request.
    /// - Parameter cost: bytes that it is made of, or that take as long.
    mutating func begin(cost: Int, isUrgent: Bool) -> Bool {
        // Whatever its size: alone it may.
        guard isUrgent || requests < maximumRequests && (bytes == 0 || cost <= maximumBytes - bytes) else {
            return false
        }
        bytes += cost
        requests += 1
        return true
    }

    /// One more request for what is being made.
    mutating func join(isUrgent: Bool) -> Bool {
        guard isUrgent || requests < maximumRequests else { return false }
        requests += 1
        return true
    }

    /// Made, for all who waited.
    mutating func end(cost: Int, requests count: Int) {
        bytes -= cost
        requests -= count
    }
}
