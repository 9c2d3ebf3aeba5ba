#include "api/http_head_scan.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::http {
namespace {

using Found = HeadScan::Found;
using namespace std::string_literals;

/// Whole and byte by byte are to find the same.
Found scan(std::string_view bytes, std::size_t most_bytes = 1000, std::size_t most_headers = 10) {
  HeadScan whole(most_bytes, most_headers), slow(most_bytes, most_headers);
  const Found at_once = whole.look(bytes);
  Found last = Found::kMore;
  for (std::size_t size = 0; size <= bytes.size() && last == Found::kMore; ++size)
    last = slow.look(bytes.substr(0, size));
  EXPECT_EQ(at_once, last) << bytes;
  EXPECT_EQ(whole.line(), slow.line());
  EXPECT_EQ(whole.fault(), slow.fault());
  return at_once;
}

TEST(HeadScan, FindsTheEnd) {
  EXPECT_EQ(scan("GET / HTTP/1.1\r\n\r\n"), Found::kEnd);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nA: b\r\nC:\r\nX-Y_Z.1:  : \t x \r\n\r\nbody\nwith\0anything"), Found::kEnd);
  EXPECT_EQ(scan(""), Found::kMore);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nA: b\r\n"), Found::kMore);
  EXPECT_EQ(scan("GET / HTTP/1.1\r\nA: b\r\n\r"), Found::kMore);
}

TEST(HeadScan, RefusesWhatCanBeReadInTwoWays) {
  for (const std::string& head : {
           "GET / HTTP/1.1\n\n"s,
           "GET / HTTP/1.1\r\nA: b\n\r\n"s,
           "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n"s,
           "GET / HTTP/1.1\r\nA: b\r\n\n"s,
           "GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n"s,
           "GET / HTTP/1.1\r\r\n"s,
           "GET / HTTP/1.1\r\nA: b\r\n continued\r\n\r\n"s,
           "GET / HTTP/1.1\r\nA: b\r\n\tcontinued\r\n\r\n"s,
           "GET / HTTP/1.1\r\n A: b\r\n\r\n"s,
           "GET / HTTP/1.1\r\nA : b\r\n\r\n"s,
           "GET / HTTP/1.1\r\nA\t: b\r\n\r\n"s,
           "GET / HTTP/1.1\r\n: b\r\n\r\n"s,
           "GET / HTTP/1.1\r\nA\r\n\r\n"s,
           "GET / HTTP/1.1\r\nA(b): c\r\n\r\n"s,
           "GET / HTTP/1.1\r\nA\x80: c\r\n\r\n"s,
           "GET / HTTP/1.1\r\nA: \0\r\n\r\n"s,
           "GET /\0 HTTP/1.1\r\n\r\n"s,
       }) {
    EXPECT_EQ(scan(head), Found::kFault) << head;
  }
}

TEST(HeadScan, LimitsToTheByteAndToTheHeader) {
  const std::string head = "GET / HTTP/1.1\r\nA: b\r\n\r\n";
  EXPECT_EQ(scan(head, head.size()), Found::kEnd);
  EXPECT_EQ(scan(head, head.size() - 1), Found::kTooManyBytes);
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 10; ++i) many += "A: b\r\n";
  EXPECT_EQ(scan(many + "\r\n"), Found::kEnd);
  EXPECT_EQ(scan(many + "A: b\r\n\r\n"), Found::kTooManyHeaders);
}

TEST(HeadScan, SaysWhere) {
  HeadScan scan(1000, 10);
  EXPECT_EQ(scan.look("GET / HTTP/1.1\r\nA: b\r\nC : d\r\n\r\n"), Found::kFault);
  EXPECT_EQ(scan.line(), 3U);
  EXPECT_EQ(scan.fault(), "a blank before the colon of a header");
}

}  // namespace
}  // namespace weir::http
