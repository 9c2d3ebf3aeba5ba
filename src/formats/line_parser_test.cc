#include "formats/line_parser.h"

#include "formats/testing.h"

namespace weir {
namespace {

const std::string kHead = "Mar 27 13:06:56 host sshd[1291]: ";

std::string sshd(std::string_view message) {
  LineParser parser(LogFormat::kSshd);
  return read(parser, kHead + std::string(message));
}

TEST(Sshd, LoginsThatFail) {
  EXPECT_EQ(sshd("Failed password for root from 192.0.2.1 port 56338 ssh2"),
            "user_id=root ip=192.0.2.1 outcome=failure auth_method=password");
  EXPECT_EQ(sshd("Failed password for invalid user admin from 192.0.2.1 port 1 ssh2"),
            "user_id=admin ip=192.0.2.1 outcome=failure reason=invalid_user auth_method=password");
  EXPECT_EQ(sshd("Failed keyboard-interactive/pam for root from 2001:DB8::0:1 port 22"),
            "user_id=root ip=2001:db8::1 outcome=failure auth_method=keyboard-interactive/pam");
  EXPECT_EQ(sshd("Failed none for invalid user x from ::ffff:192.0.2.9 port 1 ssh2"),
            "user_id=x ip=192.0.2.9 outcome=failure reason=invalid_user auth_method=none");
  EXPECT_EQ(sshd("Failed publickey for eve from fe80::1%eth0 port 1 ssh2: RSA SHA256:aC2UQe4p"),
            "user_id=eve ip=fe80::1 outcome=failure auth_method=publickey");
}

TEST(Sshd, LoginsThatSucceed) {
  EXPECT_EQ(sshd("Accepted publickey for ubuntu from 192.0.2.7 port 54259 ssh2: RSA SHA256:Kl8k"),
            "user_id=ubuntu ip=192.0.2.7 outcome=success auth_method=publickey");
  EXPECT_EQ(sshd("Accepted password for ubuntu from 192.0.2.7"),
            "user_id=ubuntu ip=192.0.2.7 outcome=success auth_method=password");
}

TEST(Sshd, UsersMayBeEmptyAndHoldAnything) {
  EXPECT_EQ(sshd("Failed password for  from 192.0.2.1 port 1 ssh2"),
            "user_id=(none) ip=192.0.2.1 outcome=failure auth_method=password");
  EXPECT_EQ(sshd("Failed password for invalid user  from 192.0.2.1 port 1 ssh2"),
            "user_id=(none) ip=192.0.2.1 outcome=failure reason=invalid_user auth_method=password");
  EXPECT_EQ(sshd("Invalid user  from 192.0.2.1"), "user_id=(none) ip=192.0.2.1 outcome=failure reason=invalid_user");
  EXPECT_EQ(sshd("Failed password for invalid user John Q. [x] Doe from 192.0.2.1 port 1 ssh2"),
            "user_id=John Q. [x] Doe ip=192.0.2.1 outcome=failure reason=invalid_user auth_method=password");
  EXPECT_EQ(sshd("Failed password for invalid user \"'; drop\\303\\251 from 192.0.2.1 port 1 ssh2"),
            "user_id=\"'; drop\\303\\251 ip=192.0.2.1 outcome=failure reason=invalid_user auth_method=password");
  EXPECT_EQ(sshd("Failed password for invalid user  lead from 192.0.2.1 port 1 ssh2"),
            "user_id= lead ip=192.0.2.1 outcome=failure reason=invalid_user auth_method=password");
}

TEST(Sshd, AUserNameCannotSayWhereTheUserIs) {
  EXPECT_EQ(sshd("Failed password for invalid user root from 203.0.113.5 port 22 ssh2 from 192.0.2.1 port 9 ssh2"),
            "user_id=root from 203.0.113.5 port 22 ssh2 ip=192.0.2.1 outcome=failure reason=invalid_user "
            "auth_method=password");
  EXPECT_EQ(sshd("Invalid user a from 203.0.113.5 port 1 from 192.0.2.1 port 2"),
            "user_id=a from 203.0.113.5 port 1 ip=192.0.2.1 outcome=failure reason=invalid_user");
  // Not even when the true place is no address.
  EXPECT_EQ(sshd("Failed password for invalid user root from 203.0.113.5 port 22 ssh2 from UNKNOWN port 65535 ssh2"),
            "malformed");
  EXPECT_EQ(sshd("Invalid user a from 203.0.113.5 from UNKNOWN"), "malformed");
  // What stands behind the port of a key is up to the guest; the name of an account is not.
  EXPECT_EQ(sshd("Failed publickey for root from 192.0.2.1 port 1 ssh2: RSA-CERT SHA256:x ID a from 203.0.113.5 port 1 "
                 "ssh2 (serial 0)"),
            "user_id=root ip=192.0.2.1 outcome=failure auth_method=publickey");
}

TEST(Sshd, RepeatedLines) {
  EXPECT_EQ(sshd("message repeated 5 times: [ Failed password for root from 192.0.2.1 port 56338 ssh2]"),
            "5 × user_id=root ip=192.0.2.1 outcome=failure auth_method=password");
  EXPECT_EQ(sshd("message repeated 2 times: [ Invalid user x from 192.0.2.1]"),
            "2 × user_id=x ip=192.0.2.1 outcome=failure reason=invalid_user");
  EXPECT_EQ(sshd("message repeated 1 times: [Accepted password for a] from 192.0.2.1 port 1 ssh2]"),
            "1 × user_id=a] ip=192.0.2.1 outcome=success auth_method=password");
  EXPECT_EQ(sshd("message repeated 3 times: [ PAM 1 more authentication failure]"), "skipped");
  for (const char* broken :
       {"message repeated 0 times: [ Failed password for root from 192.0.2.1 port 1 ssh2]",
        "message repeated 100001 times: [ Failed password for root from 192.0.2.1 port 1 ssh2]",
        "message repeated 99999999999999999999 times: [ Failed password for root from 192.0.2.1 port 1 ssh2]",
        "message repeated -1 times: [ Failed password for root from 192.0.2.1 port 1 ssh2]",
        "message repeated 5 times: [ Failed password for root from 192.0.2.1 port 1 ssh2",
        "message repeated 5 times: [", "message repeated ", "message repeated 5 times: Failed"}) {
    EXPECT_EQ(sshd(broken), "malformed") << broken;
  }
  EXPECT_EQ(sshd("message repeated 5 times: []"), "skipped");
  EXPECT_EQ(
      sshd(
          "message repeated 5 times: [ message repeated 5 times: [ Failed password for r from 192.0.2.1 port 1 ssh2]]"),
      "skipped");
}

TEST(Sshd, OtherLines) {
  for (const char* other : {"Server listening on 0.0.0.0 port 22.", "Connection closed by 192.0.2.1 port 2 [preauth]",
                            "", "Failed", "Failed ", "Failed password", "Failed to release session: Interrupted",
                            "Failed to bind socket for 0.0.0.0 from x", "Failed  for x",
                            "input_userauth_request: invalid user admin [preauth]",
                            "error: maximum authentication attempts exceeded for root from 192.0.2.1 port 1 ssh2",
                            "Postponed keyboard-interactive for root from 192.0.2.1 port 1 ssh2"}) {
    EXPECT_EQ(sshd(other), "skipped") << other;
  }
  LineParser parser(LogFormat::kSshd);
  EXPECT_EQ(read(parser, "Mar 27 13:06:56 host sudo: a : Failed password for root from 192.0.2.1 port 1 ssh2"),
            "skipped");
  EXPECT_EQ(read(parser, "Mar 27 13:06:56 host CRON[7]: x"), "skipped");
  EXPECT_EQ(read(parser, "Mar 27 13:06:56 host last message repeated 2 times"), "skipped");
  EXPECT_EQ(read(parser, "Mar 27 13:06:56 host"), "skipped");
  EXPECT_EQ(read(parser, "Mar 27 13:06:56"), "skipped");
  EXPECT_EQ(read(parser, ""), "skipped");
  EXPECT_EQ(read(parser, "  \t"), "skipped");
}

TEST(Sshd, BrokenLines) {
  for (const char* broken :
       {"Failed password for root", "Failed password for root from", "Failed password for root from 192.0.2.1",
        "Failed password for root from 192.0.2.1 port", "Failed password for root from 192.0.2.1 port x",
        "Failed password for root from 192.0.2.1 port 1x", "Failed password for root from 192.0.2.256 port 1 ssh2",
        "Failed password for root from host.example.com port 1 ssh2", "Accepted password for root",
        "Accepted password for root from nowhere", "Invalid user x", "Invalid user x from",
        "Invalid user x from 192.0.2.1 port", "Invalid user x from 192.0.2.1 port 1 more",
        "Failed password for invalid user x from  port 1 ssh2"}) {
    EXPECT_EQ(sshd(broken), "malformed") << broken;
  }
  LineParser parser(LogFormat::kSshd);
  for (const char* broken :
       {"no time at all", "Mar 32 13:06:56 host sshd[1]: x", "Mar 27 24:06:56 host sshd[1]: x",
        "Feb 30 13:06:56 host sshd[1]: x", "Mar 27 13:06 host sshd[1]: x", "Mrz 27 13:06:56 host sshd[1]: x",
        "Mar 27 13:06:56host sshd[1]: x", "Mar", "Mar 27", "2026-13-01T00:00:00Z host sshd[1]: x", "<13",
        "<1234>Mar 27 13:06:56 host sshd[1]: x", "Mar 27 13:06:56. host sshd[1]: x"}) {
    EXPECT_EQ(read(parser, broken), "malformed") << broken;
  }
}

TEST(Sshd, FramesOfSyslog) {
  LineParser parser(LogFormat::kSshd);
  const std::string message = "Accepted password for u from 192.0.2.1 port 1 ssh2";
  const std::string event = "user_id=u ip=192.0.2.1 outcome=success auth_method=password";
  for (const char* head :
       {"Mar  7 13:06:56 host sshd[1]: ", "Mar 7 13:06:56 host sshd[1]: ", "Mar 07 13:06:56 host sshd[1]: ",
        "<38>Mar  7 13:06:56 host sshd[1]: ", "Mar  7 2021 13:06:56 host sshd[1]: ",
        "Mar  7 13:06:56.123456 host sshd[1]: ", "Mar  7 13:06:56 sshd[1]: ", "Mar  7 13:06:56 host sshd: ",
        "Mar  7 13:06:56 host sshd-session[1]: ", "2026-03-07T13:06:56.123456+02:00 host sshd[1]: ",
        "2026-03-07T13:06:56+0200 host sshd[1]: ", "2026-03-07T13:06:56Z host sshd[1]: ",
        "Feb 29 13:06:56 host sshd[1]: "}) {
    EXPECT_EQ(read(parser, head + message), event) << head;
    EXPECT_TRUE(parser.time().has_value());
  }
  read(parser, "2026-03-07T13:06:56.1239+02:00 host sshd[1]: " + message);
  EXPECT_EQ(parser.time()->moment, at("2026-03-07T11:06:56.123Z"));
}

TEST(Sshd, ProcessesAreOfAHost) {
  auto process = [](std::string_view head) {
    LineParser parser(LogFormat::kSshd);
    parser.parse("Mar  7 13:06:56 " + std::string(head) + ": Failed password for u from 192.0.2.1 port 1 ssh2");
    EXPECT_EQ(parser.event().sshd, SshdLine::kFailed);
    return parser.event().process;
  };
  EXPECT_EQ(process("a sshd[7]"), process("a sshd[7]"));
  EXPECT_NE(process("a sshd[7]"), process("b sshd[7]"));
  EXPECT_NE(process("a sshd[7]"), process("a sshd[8]"));
  EXPECT_NE(process("a sshd[7]"), process("a sshd"));
  EXPECT_EQ(process("a sshd[x]"), process("a sshd"));
}

const std::string kTime = "[17/May/2015:10:05:03 +0200]";

std::string combined(std::string_view line) {
  LineParser parser(LogFormat::kCombined);
  return read(parser, line);
}

TEST(Combined, Lines) {
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "GET /a?b=c HTTP/1.1" 200 123 "http://example.com/" "curl/8")"),
            "ip=192.0.2.1 method=GET path=/a?b=c status=200 bytes=123 referrer=http://example.com/ user_agent=curl/8");
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "GET / HTTP/1.1" 304 -)"),
            "ip=192.0.2.1 method=GET path=/ status=304");
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "HEAD / HTTP/2.0" 200 0 "-" "-")"),
            "ip=192.0.2.1 method=HEAD path=/ status=200 bytes=0");
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "GET / HTTP/3" 200 0 "" "" "203.0.113.1, 10.0.0.1" rt=0.1)"),
            "ip=192.0.2.1 method=GET path=/ status=200 bytes=0");
  EXPECT_EQ(combined("2001:0DB8::1 - - " + kTime + R"( "GET / HTTP/1.1" 200 5)"),
            "ip=2001:db8::1 method=GET path=/ status=200 bytes=5");
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "GET http://example.com/x?y HTTP/1.1" 404 5)"),
            "ip=192.0.2.1 method=GET path=http://example.com/x?y status=404 bytes=5");
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "CONNECT example.com:443 HTTP/1.1" 405 5)"),
            "ip=192.0.2.1 method=CONNECT path=example.com:443 status=405 bytes=5");
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "GET /a b  c HTTP/1.0" 400 5)"),
            "ip=192.0.2.1 method=GET path=/a b  c status=400 bytes=5");
  LineParser parser(LogFormat::kCombined);
  parser.parse("192.0.2.1 - - " + kTime + R"( "GET / HTTP/1.1" 200 1)");
  EXPECT_EQ(parser.time()->moment, at("2015-05-17T08:05:03Z"));
}

TEST(Combined, Users) {
  const std::string tail = " " + kTime + R"( "GET / HTTP/1.1" 200 1)";
  const std::string without = "ip=192.0.2.1 method=GET path=/ status=200 bytes=1";
  EXPECT_EQ(combined("192.0.2.1 - ann" + tail), "user_id=ann " + without);
  EXPECT_EQ(combined("192.0.2.1 ident ann" + tail), "user_id=ann " + without);
  EXPECT_EQ(combined("192.0.2.1 - Ann Smith [x] [y" + tail), "user_id=Ann Smith [x] [y " + without);
  EXPECT_EQ(combined(R"(192.0.2.1 - \"ann\")" + tail), R"(user_id="ann" )" + without);
  EXPECT_EQ(combined(R"(192.0.2.1 - "")" + tail), without);
  EXPECT_EQ(combined("192.0.2.1 - " + tail), without);
  EXPECT_EQ(combined("192.0.2.1 -" + tail), without);
  EXPECT_EQ(combined(R"(192.0.2.1 - x [17/May/2015:10:05:03 +0200] \"GET / HTTP/1.1\" 200 1)" + tail),
            R"(user_id=x [17/May/2015:10:05:03 +0200] "GET / HTTP/1.1" 200 1 )" + without);
}

TEST(Combined, Escapes) {
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "GET /\"x\"\\ HTTP/1.1" 200 1 "a\tb" "q\x22\x5C\xzz\x4\y")"),
            "ip=192.0.2.1 method=GET path=/\"x\"\\ status=200 bytes=1 referrer=a\tb user_agent=q\"\\\\xzz\\x4\\y");
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "GET /\xC3\xA9 HTTP/1.1" 200 1)"),
            "ip=192.0.2.1 method=GET path=/é status=200 bytes=1");
  // What is no UTF-8 keeps its escapes.
  for (const char* path : {R"(/\xc0\xae\xc0\xae/\"etc)", R"(/\xED\xA0\x80)", R"(/\xF4\x90\x80\x80)", R"(/\xE0\x80\x80)",
                           R"(/\xC3)", R"(/\xF0\x8F\xBF\xBF)"}) {
    EXPECT_EQ(combined("192.0.2.1 - - " + kTime + " \"GET " + path + " HTTP/1.1\" 200 1"),
              "ip=192.0.2.1 method=GET path=" + std::string(path) + " status=200 bytes=1");
  }
  EXPECT_EQ(combined("192.0.2.1 - - " + kTime + R"( "GET /\xF0\x9F\x98\x80 HTTP/1.1" 200 1)"),
            "ip=192.0.2.1 method=GET path=/😀 status=200 bytes=1");
}

TEST(Combined, BrokenLines) {
  const std::string head = "192.0.2.1 - - " + kTime + " ";
  for (const std::string& broken :
       std::vector<std::string>{"x",
                                "192.0.2.1",
                                "192.0.2.1 ",
                                "192.0.2.1 - ",
                                "192.0.2.1 - - ",
                                "192.0.2.1 - - [",
                                "192.0.2.1 - - " + kTime,
                                head,
                                head + "\"",
                                head + R"("GET / HTTP/1.1)",
                                head + R"("GET / HTTP/1.1")",
                                head + R"("GET / HTTP/1.1" )",
                                head + R"("GET / HTTP/1.1" 200)",
                                head + R"("GET / HTTP/1.1" 200 )",
                                head + R"("GET / HTTP/1.1" 99 1)",
                                head + R"("GET / HTTP/1.1" 600 1)",
                                head + R"("GET / HTTP/1.1" 000 1)",
                                head + R"("GET / HTTP/1.1" 2000 1)",
                                head + R"("GET / HTTP/1.1" - 1)",
                                head + R"("GET / HTTP/1.1" 200 -1)",
                                head + R"("GET / HTTP/1.1" 200 1x)",
                                head + R"("GET / HTTP/1.1" 200 99999999999999999999)",
                                head + R"("GET / HTTP/1.1" 200 1 "-")",
                                head + R"("GET / HTTP/1.1" 200 1 "-" "cut)",
                                head + R"("GET / HTTP/1.1" 200 1 "-" "cut\")",
                                head + R"("GET / HTTP/1.1" 200 1 "-" "a"b)",
                                head + R"("GET / HTTP/1.1" 200 1 x)",
                                head + R"("-" 408 -)",
                                head + R"("" 400 -)",
                                head + R"("GET /" 400 1)",
                                head + R"("GET  HTTP/1.1" 400 1)",
                                head + R"("quit" 400 1)",
                                head + R"("\x16\x03\x01\x02" 400 226)",
                                head + R"("GET / HTTP/x" 400 1)",
                                head + R"("GET / HTTP/1.12" 400 1)",
                                head + R"("G\x45T / HTTP/1.1" 400 1)",
                                "host.example.com - - " + kTime + R"( "GET / HTTP/1.1" 200 1)",
                                "- - - " + kTime + R"( "GET / HTTP/1.1" 200 1)",
                                "example.com:80 192.0.2.1 - - " + kTime + R"( "GET / HTTP/1.1" 200 1)",
                                R"(192.0.2.1 - - [32/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1)",
                                R"(192.0.2.1 - - [17/May/2015:10:05:03] "GET / HTTP/1.1" 200 1)",
                                R"(192.0.2.1 - - [29/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 1)",
                                R"(192.0.2.1 - - [17/May/2015:10:05:03 +9900] "GET / HTTP/1.1" 200 1)"}) {
    EXPECT_EQ(combined(broken), "malformed") << broken;
  }
  EXPECT_EQ(combined(""), "skipped");
  EXPECT_EQ(combined(std::string("192.0.2.1\0 - - ", 15) + kTime + R"( "GET / HTTP/1.1" 200 1)"), "malformed");
}

std::string postfix(std::string_view message, std::string_view service = "smtp") {
  LineParser parser(LogFormat::kPostfix);
  return read(parser, "Feb 25 13:58:28 server1 postfix/" + std::string(service) + "[3262]: " + std::string(message));
}

TEST(Postfix, Deliveries) {
  EXPECT_EQ(postfix("D4748404B37D: to=<a@example.com>, relay=mx.example.com[192.0.2.5]:25, delay=36, "
                    "delays=34/0.04/1.2/0.62, dsn=5.0.0, "
                    "status=bounced (host mx.example.com[192.0.2.5] said: 552 no, status=sent (in r"),
            "recipient=a@example.com delivery=bounced provider=mx.example.com message_id=D4748404B37D dsn=5.0.0");
  EXPECT_EQ(postfix("9C37E404B379: to=<root@example.org>, orig_to=<root>, relay=local, delay=0.03, delays=0/0/0/0, "
                    "dsn=2.0.0, status=sent (delivered to mailbox)",
                    "local"),
            "recipient=root@example.org delivery=sent provider=local message_id=9C37E404B379 dsn=2.0.0");
  EXPECT_EQ(postfix("4Wx9Zz1LtQzB: to=<a@example.com>, relay=none, delay=1, dsn=4.4.1, status=deferred (timed out)"),
            "recipient=a@example.com delivery=deferred message_id=4Wx9Zz1LtQzB dsn=4.4.1");
  EXPECT_EQ(postfix("A1: to=<a@example.com>, relay=[192.0.2.5]:25, conn_use=2, delay=1, status=sent"),
            "recipient=a@example.com delivery=sent provider=192.0.2.5 message_id=A1");
  EXPECT_EQ(
      postfix(
          R"(A1: to=<"x>, status=bounced"@example.com>, orig_to=<"y>, dsn=9.9.9"@example.com>, relay=private/lmtp, dsn=2.0.0, status=sent (ok))",
          "pipe"),
      R"(recipient="x>, status=bounced"@example.com delivery=sent provider=private/lmtp message_id=A1 dsn=2.0.0)");
  EXPECT_EQ(postfix("A1: to=<a,b=c@example.com>, relay=none, dsn=2.0.0, status=sent"),
            "recipient=a,b=c@example.com delivery=sent message_id=A1 dsn=2.0.0");
  LineParser parser(LogFormat::kPostfix);
  EXPECT_EQ(read(parser,
                 "2026-02-25T13:58:28+01:00 s postfix-out/smtp[1]: A1: to=<a@example.com>, relay=none, dsn=2.0.0, "
                 "status=sent"),
            "recipient=a@example.com delivery=sent message_id=A1 dsn=2.0.0");
}

TEST(Postfix, OtherLines) {
  for (const char* other :
       {"A1: to=<a@example.com>, relay=x, dsn=2.1.5, status=deliverable (250 ok)",
        "A1: to=<a@example.com>, relay=x, dsn=5.1.1, status=undeliverable (550)",
        "A1: to=<a@example.com>, relay=x, dsn=5.1.1, status=SOFTBOUNCE (550)",
        "A1: from=<a@example.com>, size=1, nrcpt=1 (queue active)", "A1: removed",
        "A1: from=<a@example.com>, status=expired, returned to sender",
        "NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 x; from=<a@b> to=<c@d>", "connect from unknown[192.0.2.1]",
        "warning: to=<x>, status=sent", ": to=<a@b>, status=sent", "", "A1", "A1:", "A1: ", "A 1: to=<a>, status=sent",
        "statistics: max connection rate 1/60s"}) {
    EXPECT_EQ(postfix(other), "skipped") << other;
  }
  LineParser parser(LogFormat::kPostfix);
  EXPECT_EQ(read(parser, "Feb 25 13:58:28 server1 dovecot: A1: to=<a@example.com>, dsn=2.0.0, status=sent"), "skipped");
  EXPECT_EQ(read(parser, "Feb 25 13:58:28 server1 postfix: A1: to=<a@example.com>, dsn=2.0.0, status=sent"), "skipped");
}

TEST(Postfix, BrokenLines) {
  for (const char* broken :
       {"A1: to=", "A1: to=a@example.com, status=sent", "A1: to=<a@example.com", "A1: to=<a@example.com>",
        "A1: to=<a@example.com>, ", "A1: to=<a@example.com>, relay=mx", "A1: to=<a@example.com>, relay=mx, dsn=2.0.0",
        "A1: to=<a@example.com>, relay=mx, dsn=2.0.0, status", "A1: to=<a@example.com>, dsn=2.0.0, status=",
        "A1: to=<a@example.com>, dsn=2.0.0, status=sen", "A1: to=<a@example.com>, dsn=2.0.0, status=sent!",
        "A1: to=<a@example.com>, dsn=2, status=sent", "A1: to=<a@example.com>, dsn=2.0.0000, status=sent",
        "A1: to=<>, dsn=2.0.0, status=sent", "A1: to=<\"a@example.com>, dsn=2.0.0, status=sent", "A1: to=<\"a\\",
        "A1: to=<a@example.com>; dsn=2.0.0, status=sent",
        "A1: to=<a@example.com>, orig_to=<x, dsn=2.0.0, status=sent"}) {
    EXPECT_EQ(postfix(broken), "malformed") << broken;
  }
  LineParser parser(LogFormat::kPostfix);
  EXPECT_EQ(read(parser, "orig_to=<a@example.com>, relay=192.0.2.5[192.0.2.5]:25, dsn=2.6.0, status=sent "),
            "malformed");
}

TEST(CloudEvents, LinesAreTakenAsTheyAre) {
  LineParser parser(LogFormat::kCloudEvents);
  EXPECT_EQ(parser.parse(R"({"id":"1","time":"2026-01-01T00:00:00Z","data":{"time":"x"}})"), LineKind::kEvents);
  EXPECT_EQ(parser.time()->moment, at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(parser.parse("not JSON"), LineKind::kEvents);
  EXPECT_FALSE(parser.time().has_value());
  EXPECT_EQ(parser.parse(" "), LineKind::kSkipped);
}

TEST(LogFormats, HaveNames) {
  for (std::string_view name : kLogFormatNames) EXPECT_EQ(log_format_name(*log_format_named(name)), name);
  EXPECT_FALSE(log_format_named("klingon").has_value());
}

}  // namespace
}  // namespace weir
