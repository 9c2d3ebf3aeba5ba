// For tests of this room: a store that answers what the test says and remembers what it was asked.
#pragma once

#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ports/store.h"

namespace weir {

/// Makes RowBinary.
class RowText {
 public:
  template <class T>
  RowText& add(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    text_.append(bytes, sizeof(T));
    return *this;
  }
  RowText& add(const char* value) { return add(std::string_view(value)); }
  RowText& add(std::string_view value) {
    std::size_t size = value.size();
    for (; size >= 0x80; size >>= 7U) text_ += static_cast<char>(size | 0x80U);
    text_ += static_cast<char>(size);
    text_ += value;
    return *this;
  }
  operator std::string() const { return text_; }

 private:
  std::string text_;
};

class FakeStore final : public StoreReader {
 public:
  Result<std::string> select(const Select& select) override {
    asked.push_back(select);
    if (answers.empty()) return std::string();
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
  Result<std::string> check() override { return "fake"; }

  std::vector<Select> asked;
  std::deque<Result<std::string>> answers;  // then empty ones
};

}  // namespace weir
