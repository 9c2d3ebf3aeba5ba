// Which rejects were sent again: a file that outlives the process.
//
// Text, only ever appended to; one record a line, fields separated by one space, numbers decimal but for the hash:
//   weir sent rejects 1                      the first line
//   b TIME                                   a request begins; TIME is the server's clock in ms, not later than the request
//   r PARTITION OFFSET ARRIVAL HASH          it holds this reject: from here on it may have been sent
//   d                                        it was taken: all of its rejects are sent
//   s PARTITION OFFSET ARRIVAL HASH          this one was sent, as was found out afterwards
//   n PARTITION OFFSET ARRIVAL HASH          this one was not
// b and r are synced to the disk before the request goes out, the others before anything that follows. A last line without its end is cut
// off when the file is opened: what it would have said is then found out again.
// ARRIVAL and HASH (of the bytes) are there so that a data directory that was made anew does not pass for the old one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "api/answers.h"
#include "base/status.h"
#include "base/types.h"

namespace weir {

/// One process at a time; not thread-safe.
class RejectMarks {
 public:
  enum class State : std::uint8_t { kUnsent, kSent, kInDoubt };

  /// Makes the file and its folder when they are not there. kConflict: another process holds it.  kDenied, kDiskFull: it cannot be
  /// read or written.  kCorrupt: it is another kind of file, or damaged; the message names the line.
  static Result<std::unique_ptr<RejectMarks>> open(const std::string& path);
  ~RejectMarks();
  RejectMarks(const RejectMarks&) = delete;

  State state(const RejectItem& item) const;
  /// The server's clock when the request that is in doubt began.
  std::optional<UnixMillis> begun(const RejectItem& item) const;

  /// All in doubt from now on, whatever happens. Durable on return, as everything here. An error (kDenied, kDiskFull): do not send.
  Status begin(std::span<const RejectItem> items, UnixMillis server_time);
  /// All items of the last begin() were sent.
  Status done();
  /// What was found out about one in doubt; durable with the next sync().
  void settle(const RejectItem& item, bool sent);
  Status sync();

 private:
  struct Key {
    std::uint32_t partition = 0;
    std::uint64_t offset = 0;
    std::int64_t arrival = 0;
    std::uint64_t hash = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Mark {
    bool sent = false;
    UnixMillis begun;
  };
  RejectMarks(std::string path, int file) : path_(std::move(path)), file_(file) {}
  static Key key(const RejectItem& item);
  static std::string line(char kind, const Key& key);
  Status load();
  bool apply(std::string_view line);

  const std::string path_;
  const int file_;
  std::map<Key, Mark> marks_;
  std::vector<Key> current_;  // of the last begin
  UnixMillis begun_;
  std::string pending_;  // lines that are not in the file yet
};

}  // namespace weir
