# frozen_string_literal: true

# The persistent child of the filter `ruby`: JSON lines in on one descriptor, JSON lines out on another.
#
# First comes the code, and is answered by {"ready": true} or {"refused": why}. Then each line brings a batch of events
# and is answered by a list with what became of each. What the code prints is its own affair and breaks nothing.

require "json"
require_relative "timestamp"
require_relative "values"
require_relative "event"
require_relative "code"

# The pipe's two ends.
class Host
  def initialize(input, output)
    @input = IO.for_fd(input, "r:UTF-8")
    @output = IO.for_fd(output, "w:UTF-8")
    [@input, @output].each { |io| io.close_on_exec = true }
  end

  def receive
    line = @input.gets
    line && JSON.parse(line, max_nesting: false)
  end

  def answer(value)
    @output.write(JSON.generate(value, max_nesting: 0, allow_nan: true), "\n")
    @output.flush
  end

  def render(text, event)
    answer({ "render" => text, "event" => event.whole })
    receive
  end
end

def run(code, fields, deep)
  event = LogStash::Event.received(fields, deep)
  made = []
  failure = nil
  begin
    code.call(event, made)
  rescue Exception => e # rubocop:disable Lint/RescueException - `exit` and a stack that is too deep are one event's fault
    failure = { "error" => Values.text(e.message), "class" => e.class.name }
  end
  changes = event.changes
  return changes if made.empty? && failure.nil?

  (changes || {}).merge(failure || {}, { "made" => made.reject(&:cancelled?).map(&:whole) })
end

# The host ends us, by closing the pipe: a service manager's signal to all processes must not become an event's failure.
%w[TERM INT].each { |signal| trap(signal) {} }

# Code that never returns would not see the pipe close when the host is killed.
parent = Process.ppid
Thread.new do
  sleep 1 while Process.ppid == parent
  exit!
end

host = Host.new(Integer(ARGV[0]), Integer(ARGV[1]))
setup = host.receive
exit if setup.nil?
ARGV.clear
LogStash::Timestamp.mark = setup["mark"]
LogStash::Event.internal = setup["internal"]
LogStash::Event.renderer = host.method(:render)
begin
  code = setup["path"] ? Code::Script.new(setup["path"], setup["params"]) : Code::Inline.new(setup["init"], setup["code"])
rescue Exception => e # rubocop:disable Lint/RescueException - a SyntaxError is no StandardError
  host.answer({ "refused" => "#{e.class}: #{Values.text(e.message)}" })
  exit!
end
host.answer({ "ready" => true })
$stdout.sync = true
while (batch = host.receive)
  deep = batch["deep"]
  host.answer(batch["events"].map { |fields| run(code, fields, deep) })
end
