# frozen_string_literal: true

# Parts of Ruby's library that Logstash has loaded, so that nobody's code asks for them; read when they are used.
{ Base64: "base64", BigDecimal: "bigdecimal", CGI: "cgi", Date: "date", DateTime: "date", Digest: "digest",
  IPAddr: "ipaddr", OpenSSL: "openssl", SecureRandom: "securerandom", Set: "set", Socket: "socket",
  StringIO: "stringio", URI: "uri", YAML: "yaml", Zlib: "zlib" }.each do |name, library|
  Object.autoload(name, library) unless Object.const_defined?(name, false)
end

module LogStash
  # What code uses that reads or writes JSON in Logstash's way.
  module Json
    ParserError = JSON::ParserError

    def self.load(text, _options = nil)
      JSON.parse(text) unless text.strip.empty?
    end

    def self.dump(value)
      JSON.generate(value)
    end
  end
end

# Where the user's code lives: `self` within it.
class Code
  # Logs to standard error, for `logger` and `@logger` in the user's code.
  class Logger
    %w[trace debug info warn error fatal].each do |level|
      define_method(level) { |message, values = nil| warn_of(level, message, values) }
      define_method("#{level}?") { !%w[trace debug].include?(level) }
    end

    private

    def warn_of(level, message, values)
      return if %w[trace debug].include?(level)

      Kernel.warn("[ruby filter] #{level}: #{message}#{" #{values.inspect}" if values}")
    end
  end

  attr_reader :logger

  def initialize
    @logger = Logger.new
  end

  # `code`, with `init` before it.
  class Inline < Code
    def initialize(init, code)
      super()
      instance_eval(init, "(ruby filter init)") if init
      instance_eval("define_singleton_method(:filter_method) do |event, &new_event_block|\n#{code}\nend",
                    "(ruby filter code)", 0)
    end

    # The events that the code made, the event itself not counted.
    def call(event, made)
      filter_method(event) { |other| made << checked(other) }
    end

    private

    def checked(other)
      raise TypeError, "new_event_block takes an event, not a #{other.class}" unless other.is_a?(LogStash::Event)

      other
    end
  end

  # A file that defines `filter(event)` and, if it likes, `register(params)`.
  class Script < Code
    def initialize(path, params)
      super()
      instance_eval(File.read(path, encoding: "UTF-8"), path)
      raise NoMethodError, "#{path} defines no method filter(event)" unless respond_to?(:filter, true)

      register(params) if respond_to?(:register, true)
      (@inline_tests || []).each { |name, block| InlineTest.new(self, name, params).run(&block) }
    end

    def test(name, &block)
      (@inline_tests ||= []) << [name, block]
    end

    def call(event, made)
      results = send(:filter, event)
      unless results.is_a?(Array) && results.all? { |one| one.is_a?(LogStash::Event) }
        raise TypeError, "filter(event) must return a list of events, not #{results.inspect[0, 100]}"
      end

      event.cancel unless results.any? { |one| one.equal?(event) }
      made.concat(results.reject { |one| one.equal?(event) })
    end
  end

  # A `test` block of a script: given `parameters` and events, what the events shall be.
  class InlineTest
    def initialize(script, name, params)
      @script = script
      @name = name
      @params = params
      @events = []
    end

    def run(&block)
      instance_eval(&block)
      @script.send(:register, @params) if @script.respond_to?(:register, true)
    end

    def parameters
      @script.send(:register, yield.transform_keys(&:to_s))
    end

    def in_event
      [yield].flatten(1).each { |fields| @events.concat(@script.send(:filter, LogStash::Event.new(fields))) }
    end

    def expect(what)
      raise "the script's test #{@name.inspect} failed: #{what}" unless yield(@events)
    end
  end
end
